// Numbers as the texts and pictures of `finwait simulate` show them.

/** `1,234,567`: by hand, because the digits must not depend on where it runs. */
export function grouped(value: number): string {
  const [whole = "", fraction] = String(value).split(".");
  const digits = whole.replace(/\B(?=(?:\d{3})+$)/g, ",");
  return fraction === undefined ? digits : `${digits}.${fraction}`;
}

const BINARY_UNITS = ["bytes", "KiB", "MiB", "GiB", "TiB"] as const;

/** `512 bytes`, `1 MiB`, `5.2 GiB`: one digit behind the point at most. */
export function binarySize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= 1_024 && unit < BINARY_UNITS.length - 1) {
    value /= 1_024;
    unit += 1;
  }
  return `${grouped(Math.round(value * 10) / 10)} ${BINARY_UNITS[unit]}`;
}

/** `2 h 16 min`, `3 min 20 s`, `12.5 s`: two units at most, and none that are zero. */
export function duration(milliseconds: number): string {
  const seconds = milliseconds / 1_000;
  if (seconds < 60) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  if (whole < 3_600) return joined(Math.floor(whole / 60), "min", whole % 60, "s");
  return joined(Math.floor(whole / 3_600), "h", Math.floor((whole % 3_600) / 60), "min");
}

function joined(large: number, largeUnit: string, small: number, smallUnit: string): string {
  const first = `${large} ${largeUnit}`;
  return small === 0 ? first : `${first} ${small} ${smallUnit}`;
}

/** The next of 1, 2, 5, 10, 20, 50, … that is no less. */
export function roundedUp(value: number): number {
  if (value <= 1) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((each) => each * power >= value) ?? 10;
  return factor * power;
}
