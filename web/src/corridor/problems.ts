/** A refusal in plain words: one code, one sentence for the doctor, one for the integrator. */
import { notices, problems, type NoticeCode, type ProblemCode } from "./contract.ts";

export type Details = Readonly<Record<string, string | number>>;

/** RFC 9457, schema `problem`. */
export interface ProblemDocument {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
}

/** Something odd that did not stop the work: a code and a sentence, never silent. */
export interface Notice {
  readonly code: string;
  readonly text: string;
}

function filled(template: string, details: Details): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = details[name];
    if (value === undefined) throw new RangeError(`the sentence needs '${name}'`);
    return String(value);
  });
}

/** Bad input, refused with a code of contract/problems.json; details never hold a patient's identifier. */
export class Problem extends Error {
  readonly status: number;
  readonly integratorSentence: string;

  constructor(
    readonly code: ProblemCode,
    readonly details: Details = {},
  ) {
    const entry = problems[code];
    super(filled(entry.doctor, details));
    this.name = "Problem";
    this.status = entry.http_status;
    this.integratorSentence = filled(entry.integrator, details);
  }

  /** The RFC 9457 document. */
  asJson(): ProblemDocument {
    return {
      type: `urn:heartbox:problem:${this.code}`,
      title: this.message,
      status: this.status,
      detail: this.integratorSentence,
      code: this.code,
    };
  }
}

/** Fill the sentence of a notice. */
export function notice(code: NoticeCode, details: Details = {}): Notice {
  return { code, text: filled(notices[code], details) };
}
