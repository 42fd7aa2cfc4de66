// Draws a transition table as a Mermaid state diagram, for the documents.
//
// Deterministic: states and inputs appear in the order of the rows, so a changed table is a changed
// line in the document and nothing else. Knows no particular table.

/** One input of one phase, and the phase that it leads to. */
export interface TransitionRow {
  readonly phase: string;
  readonly input: string;
  readonly target: string;
}

/**
 * The Mermaid text, without a fence and with a line break at its end.
 *
 * The first row's phase is where the machine starts; a phase that leads nowhere else is where it
 * ends. Inputs between the same two phases share one arrow, and equal rows count once.
 *
 * @throws {RangeError} There is no row, or Mermaid could not tell two phases apart.
 */
export function stateDiagram(rows: readonly TransitionRow[]): string {
  const start = rows[0]?.phase;
  if (start === undefined)
    throw new RangeError("Cannot draw a state diagram: expected a row, got 0");
  const phases = [...new Set(rows.flatMap(({ phase, target }) => [phase, target]))];
  const ids = phaseIds(phases);
  const arrow = (from: string, to: string) => `  ${ids.get(from) ?? from} --> ${ids.get(to) ?? to}`;
  const lines = [
    "stateDiagram-v2",
    ...phases.map((phase) => `  state "${phase}" as ${ids.get(phase)}`),
  ];
  lines.push(arrow("[*]", start));
  for (const phase of phases) {
    const inputsByTarget = new Map<string, Set<string>>();
    for (const { input, target } of rows.filter((row) => row.phase === phase)) {
      const inputs = inputsByTarget.get(target) ?? new Set();
      inputsByTarget.set(target, inputs.add(input));
    }
    for (const [target, inputs] of inputsByTarget) {
      lines.push(`${arrow(phase, target)} : ${[...inputs].join(", ")}`);
    }
    if ([...inputsByTarget.keys()].every((target) => target === phase))
      lines.push(arrow(phase, "[*]"));
  }
  return `${lines.join("\n")}\n`;
}

/** Mermaid ends an identifier at a hyphen and has keywords, so phases get names of their own. */
function phaseIds(phases: readonly string[]): ReadonlyMap<string, string> {
  const ids = new Map<string, string>();
  const phaseById = new Map<string, string>();
  for (const phase of phases) {
    const id = `phase_${phase.replaceAll(/\W/g, "_")}`;
    const other = phaseById.get(id);
    if (other !== undefined) {
      throw new RangeError(`Cannot draw both "${other}" and "${phase}": expected different words`);
    }
    phaseById.set(id, phase);
    ids.set(phase, id);
  }
  return ids;
}
