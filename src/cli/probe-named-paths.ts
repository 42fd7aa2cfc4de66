import type { NamedAnswer, Purpose, TargetFacts } from "../probe/target.ts";
import { UsageError } from "./cli-error.ts";
import { bytesText } from "./probe-words.ts";

// A path that the user names and that does not do what it is for: said before any case is played,
// and not by cases that are "not reached" behind it.

const SIZES = {
  medium: "100 KB to 1 MB are needed",
  large: "at least 4 MB are needed",
} as const;

/** @throws {UsageError} One of the named paths is of no use. */
export function checkNamedPaths({ named, ...facts }: TargetFacts): void {
  const isOfUse: Readonly<Record<Purpose, boolean>> = {
    medium: facts.medium !== null && isSuccess(named.medium),
    large: facts.large !== null && isSuccess(named.large),
    refuse: facts.small.length !== null || facts.small.chunked !== null,
    upload: facts.upload !== null,
    empty: facts.empty !== null,
  };
  for (const purpose of Object.keys(isOfUse) as Purpose[]) {
    const answer = named[purpose];
    if (answer === undefined || isOfUse[purpose]) continue;
    const what = `Cannot use --${purpose}-path ${answer.path}`;
    throw new UsageError(`${what}: ${reasonOf(purpose, answer)}`);
  }
}

function reasonOf(purpose: Purpose, answer: NamedAnswer): string {
  const { method, status, contentBytes } = answer;
  if (purpose === "refuse") {
    return status === null
      ? "no answer came before the content; body parsers read all of it first"
      : `its answer has ${bytesText(contentBytes)}, and less than 100 KB are needed`;
  }
  if (status === null) return `${method} got no whole answer in time`;
  if (purpose === "empty") return `${method} says ${status}, and 204 is needed`;
  if (purpose === "upload" || !isSuccess(answer)) return `${method} says ${status}`;
  return `it has ${bytesText(contentBytes)}, and ${SIZES[purpose]}`;
}

/** An absent answer is none that speaks against the path. */
function isSuccess(answer: NamedAnswer | undefined): boolean {
  return answer === undefined || (answer.status !== null && answer.status < 300);
}
