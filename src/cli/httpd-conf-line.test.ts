import { describe, expect, it } from "vitest";
import { directiveLines } from "./httpd-conf-line.ts";

// Goal: lines, words and sections are the ones that httpd sees.
// Method: small texts in, directives with line numbers out.

/** `4 KeepAlive [On]`, with the section behind it. */
function shown(...lines: string[]): string[] {
  return directiveLines(lines.join("\n"), "httpd.conf").map(({ line, name, args, section }) => {
    const words = `${line} ${name} ${JSON.stringify(args)}`;
    return section === null ? words : `${words} in ${section}`;
  });
}

function wordsOf(line: string): readonly string[] {
  return directiveLines(line, "httpd.conf")[0]?.args ?? [];
}

describe("directiveLines", () => {
  it("blank lines and comments: are left out, and counted", () => {
    expect(shown("# KeepAlive Off", "", "  KeepAlive On  ", "\t#x")).toEqual([
      '3 KeepAlive ["On"]',
    ]);
  });

  it("lines that end in CRLF: are lines", () => {
    expect(shown("KeepAlive On\r", "Timeout 5\r")).toEqual([
      '1 KeepAlive ["On"]',
      '2 Timeout ["5"]',
    ]);
  });

  it("a sharp behind a value: is no comment, as in httpd", () => {
    expect(wordsOf("KeepAlive On # no")).toEqual(["On", "#", "no"]);
  });

  it("a backslash at the end: continues the line, which has the number of its first", () => {
    expect(shown("", "Listen \\", "  80 \\", "https", "Timeout 5")).toEqual([
      '2 Listen ["80","https"]',
      '5 Timeout ["5"]',
    ]);
  });

  it("a comment that ends in a backslash: takes the next line with it, as in httpd", () => {
    expect(shown("# off \\", "KeepAlive Off", "Timeout 5")).toEqual(['3 Timeout ["5"]']);
  });

  it("a backslash at the end of the file, or before a blank: continues nothing", () => {
    expect(shown("KeepAlive On \\")).toEqual(['1 KeepAlive ["On"]']);
    expect(shown("KeepAlive On \\ ", "Timeout 5")).toHaveLength(2);
  });

  it.each([
    ['X "a b" c', ["a b", "c"]],
    ["X 'a \"b\"' c", ['a "b"', "c"]],
    ['X "a \\"b\\" \\\\ \\." c', ['a "b" \\ \\.', "c"]],
    ["X 'it\\'s'", ["it's"]],
    ['X ""', [""]],
    ['X "never closed', ["never closed"]],
    ["X a\\.b c\\\\d", ["a\\.b", "c\\d"]],
    ["X", []],
  ])("%s: has the words %j", (line, words) => {
    expect(wordsOf(line)).toEqual(words);
  });

  it("sections: are one line, and say where their inside is", () => {
    expect(shown("<VirtualHost *:80>", "KeepAlive Off", "</VirtualHost>", "KeepAlive On")).toEqual([
      '1 <VirtualHost> ["*:80"]',
      '2 KeepAlive ["Off"] in <VirtualHost> of line 1',
      '4 KeepAlive ["On"]',
    ]);
  });

  it("IfModule: its inside is where it stands itself", () => {
    expect(
      shown(
        "<IfModule mpm_event_module>",
        "<ifmodule !other>",
        "Timeout 5",
        "</IfModule>",
        "<Directory />",
        "<IfModule x>",
        "KeepAlive Off",
        "</IfModule>",
        "</directory>",
        "</IfModule>",
      ),
    ).toEqual([
      '3 Timeout ["5"]',
      '5 <Directory> ["/"]',
      '7 KeepAlive ["Off"] in <Directory> of line 5',
    ]);
  });

  it.each([
    [["<Directory />"], "<Directory> in httpd.conf:1: expected </Directory> below it"],
    [["X 1", "</Directory>"], "</Directory> in httpd.conf:2: expected <Directory> above it"],
    [["<Files x>", "</Directory>"], "</Directory> in httpd.conf:2: expected </Files> for line 1"],
  ])("%j: is not nested, which is an error", (lines, sentence) => {
    expect(() => shown(...lines)).toThrow(`Cannot use ${sentence}`);
  });
});
