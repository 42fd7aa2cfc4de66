import type { NativeCalls, NativeCallsState } from "./native-calls.ts";

// The native calls by bun:ffi, which opens libraries by name and cannot search its own process.

interface FfiModule {
  dlopen(
    path: string,
    definitions: Readonly<
      Record<string, { readonly returns: string; readonly args: readonly string[] }>
    >,
  ): { readonly symbols: unknown };
}

const I = "i32";
const DEFINITIONS = {
  getsockopt: { returns: I, args: [I, I, I, "ptr", "ptr"] },
  setsockopt: { returns: I, args: [I, I, I, "ptr", "u32"] },
  socket: { returns: I, args: [I, I, I] },
  dup: { returns: I, args: [I] },
  dup3: { returns: I, args: [I, I, I] },
  close: { returns: I, args: [I] },
};

/** The C library's names: glibc's, and musl's by processor. */
const LIBRARIES = ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

export function loadBunFfi(): NativeCallsState {
  if (process.versions.bun === undefined) return null;
  let reason = "";
  for (const library of LIBRARIES) {
    try {
      // One cast: only Bun's own types know the module.
      const ffi = process.getBuiltinModule("bun:ffi") as FfiModule | undefined;
      if (ffi === undefined) return null;
      // The cast says what the definitions above say.
      const calls = ffi.dlopen(library, DEFINITIONS).symbols as Omit<NativeCalls, "provider">;
      return { type: "loaded", calls: { provider: "bun:ffi", ...calls } };
    } catch (error) {
      // The other C library's name. The first reason is the one of most systems.
      reason ||= `bun:ffi: ${(error as Error).message}`;
    }
  }
  return { type: "failed", reason };
}
