// Callbacks of the application, called from where an exception would leave a connection half done.

/**
 * The same callback, which never throws to its caller: what it throws becomes an uncaught exception
 * of its own, as with any event listener.
 */
export function detached<T>(callback: (value: T) => void): (value: T) => void {
  return (value) => {
    try {
      callback(value);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
