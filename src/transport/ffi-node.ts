import type { NativeCalls, NativeCallsState } from "./native-calls.ts";

// The native calls by node:ffi, which Node has since 26.1 and warns about as experimental.
//
// Under the permission model it needs --allow-ffi. Buffers are lent for the length of a call.

interface FfiModule {
  dlopen(
    path: null,
    definitions: Readonly<
      Record<string, { readonly return: string; readonly arguments: readonly string[] }>
    >,
  ): { readonly functions: unknown };
}

const I = "int32";

export function loadNodeFfi(): NativeCallsState {
  try {
    // One cast: the types of the oldest supported Node do not know the module.
    const ffi = process.getBuiltinModule("node:ffi") as FfiModule | undefined;
    if (ffi === undefined) return null;
    const { functions } = ffi.dlopen(null, {
      getsockopt: { return: I, arguments: [I, I, I, "buffer", "buffer"] },
      setsockopt: { return: I, arguments: [I, I, I, "buffer", "uint32"] },
      socket: { return: I, arguments: [I, I, I] },
      dup: { return: I, arguments: [I] },
      dup3: { return: I, arguments: [I, I, I] },
      close: { return: I, arguments: [I] },
    });
    // The cast says what the definitions above say.
    const calls = functions as Omit<NativeCalls, "provider">;
    return { type: "loaded", calls: { provider: "node:ffi", ...calls } };
  } catch (error) {
    // What was refused or is missing in this build: another provider may work.
    const { code, message } = error as NodeJS.ErrnoException;
    const advice =
      code === "ERR_ACCESS_DENIED" ? "the permission model wants --allow-ffi" : message;
    return { type: "failed", reason: `node:ffi: ${advice}` };
  }
}
