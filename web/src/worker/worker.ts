/** The worker's main file: the corridor behind one message port. */
import { dispatcher } from "./dispatch.ts";
import type { Request } from "./protocol.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;
const dispatch = dispatcher((reply, transfer) => {
  scope.postMessage(reply, transfer);
});

scope.addEventListener("message", (event: MessageEvent<Request>) => {
  dispatch(event.data);
});
