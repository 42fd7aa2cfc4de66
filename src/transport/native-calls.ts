// The six functions of the C library that socket options need, as every foreign function interface
// can give them. Three files implement it; nothing in it is specific to one of them.
//
// No function here is variadic: fcntl would be, and how such arguments travel differs by processor.

export interface NativeCalls {
  readonly provider: "node:ffi" | "bun:ffi" | "koffi";
  /** All return what C returns: -1 is a failure. `length` is a socklen_t, in and out. */
  getsockopt(
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    length: Uint8Array,
  ): number;
  setsockopt(
    fd: number,
    level: number,
    name: number,
    value: Uint8Array,
    byteLength: number,
  ): number;
  socket(domain: number, type: number, protocol: number): number;
  dup(fd: number): number;
  dup3(fd: number, target: number, flags: number): number;
  close(fd: number): number;
}

/** A provider that loaded, or why it did not; `null`: this runtime does not have it. */
export type NativeCallsState =
  | { readonly type: "loaded"; readonly calls: NativeCalls }
  | { readonly type: "failed"; readonly reason: string }
  | null;
