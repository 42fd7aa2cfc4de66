// How the end of a request body is known. RFC 9112 §6.3.

/** Without a body, by Content-Length, or by the chunked coding. */
export type BodyFraming =
  | { readonly type: "none" }
  | { readonly type: "length"; readonly bytes: number }
  | { readonly type: "chunked" };

export const NO_BODY: BodyFraming = Object.freeze({ type: "none" });
export const CHUNKED_BODY: BodyFraming = Object.freeze({ type: "chunked" });
