import { extname } from "node:path";
import { lookup } from "mrmime";

// The media type of a file, by its extension only: contents are never sniffed.

const UNKNOWN_TYPE = "application/octet-stream";

/** The Content-Type of a file called `fileName`; text types are declared to be UTF-8. */
export function mediaTypeOf(fileName: string): string {
  const extension = extname(fileName);
  // mrmime would take a name without a dot ("html") for an extension, and finds what every object
  // inherits ("constructor") in its table.
  const type: unknown = extension === "" ? undefined : lookup(extension);
  if (typeof type !== "string") return UNKNOWN_TYPE;
  return type.startsWith("text/") ? `${type}; charset=utf-8` : type;
}
