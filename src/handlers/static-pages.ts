import { utf8Bytes } from "../base/latin1.ts";
import type { FieldLines } from "../server/exchange.ts";

// The pages that come from the handler and not from a file. Nothing of the request appears in
// errors.

/** A complete HTML page and the fields that describe it. */
export interface Page {
  readonly fields: FieldLines;
  readonly content: Uint8Array;
}

const SENTENCES = {
  400: ["Bad Request", "The address of this page is malformed."],
  403: ["Forbidden", "This file may not be read."],
  404: ["Not Found", "There is nothing at this address."],
  405: ["Method Not Allowed", "Files can be read here, and nothing else."],
  406: ["Not Acceptable", "This file exists only in a form that the request excludes."],
  412: ["Precondition Failed", "This file is not in the state that the request expects."],
  416: ["Range Not Satisfiable", "This file has no bytes at the place that the request names."],
  503: ["Service Unavailable", "Too many files are open. Try again in a moment."],
} as const;

export type ErrorStatus = keyof typeof SENTENCES;

/** Our own pages need their inline style and nothing else; a name that got through stays inert. */
const PAGE_FIELDS: FieldLines = [
  ["Content-Type", "text/html; charset=utf-8"],
  ["X-Content-Type-Options", "nosniff"],
  ["Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"],
];

const STYLE = [
  ":root{color-scheme:light dark}",
  "body{max-width:60rem;margin:2rem auto;padding:0 1rem;font:1rem/1.5 system-ui,sans-serif}",
  "h1{font-size:1.25rem;overflow-wrap:anywhere}",
].join("");

/** Lays out a page. `title` is text, `main` and `style` are trusted markup. */
export function htmlPage(title: string, main: string, style = ""): Page {
  const html = [
    "<!doctype html>",
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeHtml(title)}</title>`,
    `<style>${STYLE}${style}</style>`,
    `<h1>${escapeHtml(title)}</h1>`,
    main,
    "</html>",
    "",
  ].join("\n");
  return { fields: PAGE_FIELDS, content: utf8Bytes(html) };
}

/** `text` as HTML text or attribute value. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const ERROR_PAGES: ReadonlyMap<number, Page> = new Map(
  Object.entries(SENTENCES).map(([status, [phrase, sentence]]): [number, Page] => [
    Number(status),
    htmlPage(`${status} ${phrase}`, `<p>${sentence}</p>`),
  ]),
);

/** The built-in page of an error. */
export function errorPage(status: ErrorStatus): Page {
  return ERROR_PAGES.get(status) ?? htmlPage(String(status), "");
}
