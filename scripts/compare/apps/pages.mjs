// What every app of the comparison serves, and where. Plain JavaScript: Node of any version, Bun and
// Deno run it as it is, without a loader in the process that is judged.

import { readFileSync } from "node:fs";

const { SITE, PORT, TLS_PORT, CERT, KEY } = process.env;

export const host = "127.0.0.1";
export const port = Number(PORT);
export const tlsPort = Number(TLS_PORT);
export const tls = { cert: readFileSync(CERT, "utf8"), key: readFileSync(KEY, "utf8") };

export const page = readFileSync(`${SITE}/index.html`);
export const medium = readFileSync(`${SITE}/medium`);
export const large = readFileSync(`${SITE}/large`);
export const refusal = "Too large";

/** An application that takes an upload has to ask somebody before it answers. */
export const work = () => new Promise((resolve) => setTimeout(resolve, 20));
