/** The contract that Python and the page share. The twin of contract.py; schemas stay on the server's side. */
import limits from "../../../contract/limits.json" with { type: "json" };
import notices from "../../../contract/notices.json" with { type: "json" };
import problems from "../../../contract/problems.json" with { type: "json" };

export type LimitName = keyof typeof limits;
export type ProblemCode = keyof typeof problems;
export type NoticeCode = keyof typeof notices;

/** One number of limits.json by its name. */
export const limit = (name: LimitName): number => limits[name].value;

export { notices, problems };
