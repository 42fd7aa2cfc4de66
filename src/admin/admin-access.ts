// Who may ask the admin listener. It is for programs and people on the machine, so a web page that
// a browser on the machine shows is what it is guarded against: DNS rebinding comes with a foreign
// Host, a script of another site with a foreign Origin or Sec-Fetch-Site (Fetch §3.1, Fetch
// Metadata). Ports are not compared: an SSH tunnel or a container changes them.

/** Why a request is refused. */
export interface Refusal {
  readonly status: 403 | 405 | 421;
  readonly text: string;
}

/** As much of an exchange as decides. */
export interface AskedRequest {
  readonly method: string;
  readonly authority: string;
  readonly fields: { get(name: string): string | undefined };
  readonly connection: { readonly local: { readonly address: string } };
}

/** `null`: it may. `allowedHosts` are names besides `localhost` and the address reached. */
export function refusalOf(request: AskedRequest, allowedHosts: readonly string[]): Refusal | null {
  const { authority, fields, connection } = request;
  const host = hostOf(authority);
  const known = ["localhost", unmapped(connection.local.address), ...allowedHosts];
  if (!known.includes(host)) {
    return { status: 421, text: "This server does not answer for that host" };
  }
  const origin = fields.get("origin");
  if (origin !== undefined && origin !== `http://${authority}`) {
    return { status: 403, text: "This server answers no other origin" };
  }
  const site = fields.get("sec-fetch-site") ?? "none";
  // Following a link is no harm, as only its reader sees the page.
  const isLink = fields.get("sec-fetch-mode") === "navigate";
  if (site !== "none" && site !== "same-origin" && !isLink) {
    return { status: 403, text: "This server answers no other site" };
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    return { status: 405, text: "This server is read only" };
  }
  return null;
}

/** The host of an authority in lower case, without its port and the brackets of IPv6. */
function hostOf(authority: string): string {
  return authority
    .toLowerCase()
    .replace(/:\d*$/, "")
    .replace(/^\[(.*)\]$/, "$1");
}

/** A socket for both families shows IPv4 within IPv6. */
function unmapped(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/, "");
}
