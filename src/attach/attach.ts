// The public surface of finwait/attach. Policies, endings and notices are finwait's own types.

export type { AttachedServer, AttachOptions, AttachSettings } from "./attach-options.ts";
export { attach } from "./attachment.ts";
