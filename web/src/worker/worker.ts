/** The worker's main file: the corridor behind one message port. */
import { warmUp } from "../corridor/network.ts";
import { dispatcher } from "./dispatch.ts";
import type { Request } from "./protocol.ts";

const scope = self as unknown as DedicatedWorkerGlobalScope;
const dispatch = dispatcher((reply, transfer) => {
  scope.postMessage(reply, transfer);
});

// The runtime takes a second to compile: it begins while the person still looks for a scan.
void warmUp();
scope.addEventListener("message", (event: MessageEvent<Request>) => {
  dispatch(event.data);
});
