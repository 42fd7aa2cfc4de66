// What a cheap stand-in for a platform class answers by asking a real object.
//
// Knows no class: fetch-request.ts and fetch-light-response.ts say how theirs makes its real
// object.

/**
 * Gives `light` the prototype of a platform class, and every member of that class which it does
 * not define itself. Such members are answered by the real object, so that methods which a newer
 * runtime adds work without a change here.
 *
 * A real object's own symbols are delegated as well. Node 20 and 22 keep the state of a Request
 * under such symbols, and read it there when one is passed to `new Request()` or `fetch()`. From
 * Node 24 on the state is in private fields, which no other object can have.
 *
 * @param sample A real object, looked at for its symbols only.
 */
export function standInFor<Light extends object>(
  light: { readonly prototype: Light },
  sample: object,
  nativeOf: (self: Light) => object,
): void {
  const prototype: object = light.prototype;
  const native: object = Reflect.getPrototypeOf(sample) ?? Object.prototype;
  Object.setPrototypeOf(prototype, native);
  // Libraries tell values apart by `value.constructor.name`.
  Reflect.deleteProperty(prototype, "constructor");
  for (const key of Object.getOwnPropertyNames(native)) {
    const descriptor = Object.getOwnPropertyDescriptor(native, key);
    if (key === "constructor" || Object.hasOwn(prototype, key)) continue;
    if (descriptor?.get !== undefined) delegateGetter(prototype, key, nativeOf);
    else if (typeof descriptor?.value === "function") delegateMethod(prototype, key, nativeOf);
  }
  for (const key of Object.getOwnPropertySymbols(sample)) delegateGetter(prototype, key, nativeOf);
}

function delegateGetter<Light>(
  prototype: object,
  key: PropertyKey,
  nativeOf: (self: Light) => object,
): void {
  Object.defineProperty(prototype, key, {
    configurable: true,
    get(this: Light): unknown {
      return Reflect.get(nativeOf(this), key);
    },
  });
}

function delegateMethod<Light>(
  prototype: object,
  key: string,
  nativeOf: (self: Light) => object,
): void {
  Object.defineProperty(prototype, key, {
    configurable: true,
    writable: true,
    value(this: Light, ...values: unknown[]): unknown {
      const native = nativeOf(this);
      return Reflect.apply(Reflect.get(native, key), native, values);
    },
  });
}
