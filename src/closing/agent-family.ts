import { latin1Bytes, latin1Text } from "../base/latin1.ts";
import { AGENT_LIMIT } from "./agent-matcher.ts";

// Which client an agent is, without the details that make thousands of one: `Chrome/136`, `curl/8`.
//
// Browsers name each other, so the product that tells them apart is seldom the first (RFC 9110
// §10.1.5). One pass over a bounded agent; what somebody else invents gets a bounded name, too.

/** Longest family, in characters: name, slash, version. */
export const FAMILY_LIMIT = 40;
const NAME_LIMIT = 32;
const VERSION_LIMIT = 7;

/** The family of a client that sends no User-Agent. */
export const NO_FAMILY = "(none)";

/** In the order of preference: who is built upon another comes before it. */
const DISTINGUISHING: readonly string[] = [
  ...["Edg", "EdgA", "EdgiOS", "Edge", "OPR", "OPiOS", "OPT", "Vivaldi", "YaBrowser"],
  ...["SamsungBrowser", "UCBrowser", "DuckDuckGo", "FxiOS", "CriOS", "GSA", "Firefox"],
  ...["HeadlessChrome", "Chrome", "Chromium"],
];

interface Product {
  readonly name: string;
  readonly major: string;
}

/**
 * The product that tells a client from others, with its major version: at most
 * {@link FAMILY_LIMIT} printable ASCII characters, whatever the agent is.
 */
export function agentFamily(userAgent: string | null): string {
  if (userAgent === null || userAgent.trim() === "") return NO_FAMILY;
  const agent = userAgent.slice(0, AGENT_LIMIT);
  const products = productsOf(agent);
  const [first = { name: "", major: "" }] = products;
  if (first.name !== "Mozilla") return familyOf(first);
  // Robots and MSIE say who they are behind this word: "(compatible; MSIE 3.01; Windows 95)".
  const compatible = compatibleProduct(agent);
  if (compatible !== null) return familyOf(compatible);
  for (const name of DISTINGUISHING) {
    const product = products.find((each) => each.name === name);
    if (product !== undefined) return familyOf(product);
  }
  const version = products.find(({ name }) => name === "Version");
  const isSafari = products.some(({ name }) => name === "Safari");
  if (version !== undefined && isSafari) return familyOf({ name: "Safari", major: version.major });
  return familyOf(products.find(({ name }) => name === "AppleWebKit") ?? first);
}

/**
 * A pattern that finds the agents of a family, for a client rule. It also finds those built upon
 * it: Edge says which Chrome it is. `null`: nearly everybody would be found, as `Mozilla/5` is what
 * all browsers begin with.
 */
export function familyPattern(family: string): string | null {
  if (family === NO_FAMILY) return "^ *$";
  const slash = family.lastIndexOf("/");
  const name = slash < 0 ? family : family.slice(0, slash);
  const major = slash < 0 ? "" : family.slice(slash + 1);
  if (name === "AppleWebKit" || (name === "Mozilla" && !["1", "2", "3"].includes(major)))
    return null;
  if (!/[A-Za-z0-9]/.test(name)) return null;
  if (name === "Safari") return `Version/${major}([^0-9].*)?Safari/`;
  const start = name === "Mozilla" ? "^" : "(^|[ (;])";
  const escaped = `${start}${escapeForPattern(name)}`;
  // The name goes on where it was cut.
  if (name.length === NAME_LIMIT) return escaped;
  return `${escaped}${slash < 0 ? "([^A-Za-z0-9]|$)" : `[/ ]${major}([^0-9]|$)`}`;
}

/** Products outside of comments, in order. A version without digits at its start is none. */
function productsOf(agent: string): Product[] {
  const products: Product[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= agent.length; at++) {
    const character = agent[at] ?? " ";
    if (character !== " " && character !== "(" && character !== ")") continue;
    if (depth === 0 && at > start) products.push(productIn(agent, start, at, "/"));
    if (character === "(") depth++;
    else if (character === ")" && depth > 0) depth--;
    start = at + 1;
  }
  return products;
}

/** The first field behind "compatible;" that has a version, for which MSIE uses a space. */
function compatibleProduct(agent: string): Product | null {
  const mark = "compatible;";
  const found = agent.indexOf(mark);
  if (found < 0) return null;
  let start = found + mark.length;
  while (agent[start] === " ") start++;
  let end = start;
  while (end < agent.length && !";)+".includes(agent[end] ?? "")) end++;
  const separator = agent.slice(start, end).includes("/") ? "/" : " ";
  const product = productIn(agent, start, end, separator);
  return product.major === "" ? null : product;
}

function productIn(agent: string, start: number, end: number, separator: string): Product {
  const found = agent.indexOf(separator, start);
  const nameEnd = found < 0 || found >= end ? end : found;
  let majorEnd = nameEnd + 1;
  while (majorEnd < end && isDigit(agent.charCodeAt(majorEnd))) majorEnd++;
  const major = agent.slice(nameEnd + 1, Math.max(nameEnd + 1, majorEnd));
  return { name: agent.slice(start, nameEnd), major: nameEnd === end ? "" : major };
}

function familyOf({ name, major }: Product): string {
  const isVersion = major !== "" && major.length <= VERSION_LIMIT;
  const text = `${name.slice(0, NAME_LIMIT)}${isVersion ? `/${major}` : ""}`;
  // A slice would keep the agent in memory for as long as the family is in a table.
  const bytes = latin1Bytes(text);
  for (let at = 0; at < bytes.length; at++) {
    const isPrintable = text.charCodeAt(at) > 0x20 && text.charCodeAt(at) < 0x7f;
    if (!isPrintable) bytes[at] = 0x3f;
  }
  return bytes.length === 0 ? "?" : latin1Text(bytes, 0, bytes.length);
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** `?` stands for any character that is not printable, so the pattern takes any. */
function escapeForPattern(name: string): string {
  return name.replace(/[^A-Za-z0-9]/g, (character) => (character === "?" ? "." : `\\${character}`));
}
