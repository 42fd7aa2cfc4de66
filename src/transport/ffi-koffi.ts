import type { NativeCallsState } from "./native-calls.ts";

// The native calls by koffi, an optional package that brings a binary for each system.
//
// It is imported only when it is needed, and its absence is an answer, not an error.

export async function loadKoffi(): Promise<NativeCallsState> {
  try {
    const koffi = await import("koffi");
    const library = koffi.load(null);
    return {
      type: "loaded",
      calls: {
        provider: "koffi",
        getsockopt: library.func("int getsockopt(int, int, int, void *, void *)"),
        setsockopt: library.func("int setsockopt(int, int, int, void *, uint32_t)"),
        socket: library.func("int socket(int, int, int)"),
        dup: library.func("int dup(int)"),
        dup3: library.func("int dup3(int, int, int)"),
        close: library.func("int close(int)"),
      },
    };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND") return null;
    // No binary for this C library or processor, a broken installation, or native code refused.
    const advice =
      code === "ERR_DLOPEN_DISABLED" || code === "ERR_ACCESS_DENIED"
        ? "the permission model wants --allow-addons"
        : message;
    return { type: "failed", reason: `koffi: ${advice}` };
  }
}
