// HTML as text. Everything that is not markup of ours is escaped on its way in.

/** The text of an element or of a quoted attribute. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A cell of a table. */
export interface Cell {
  readonly text: string;
  /** What it is sorted by, where that is a number. */
  readonly value?: number;
  /** `chart/series`: the script draws this value over time. */
  readonly series?: string;
}

export interface Table {
  readonly id: string;
  readonly caption: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly Cell[])[];
  /** What stands in the place of rows when there are none. */
  readonly emptyText: string;
}

export interface Column {
  readonly label: string;
  readonly isNumber?: true;
}

/** In a region of its own, which scrolls where the screen is narrow, by keyboard too. */
export function tableHtml(table: Table): string {
  const { id, caption, columns, rows, emptyText } = table;
  const heads = columns.map(({ label, isNumber }) => {
    const kind = isNumber === true ? ' class="number"' : "";
    return `<th scope="col"${kind}>${escapeHtml(label)}</th>`;
  });
  const body = rows.map((cells) => rowHtml(cells, columns));
  const empty = `<tr class="empty"><td colspan="${columns.length}">`;
  const rowsHtml =
    body.length === 0 ? `${empty}${escapeHtml(emptyText)}</td></tr>` : body.join("\n");
  return [
    `<div class="scroll" role="region" tabindex="0" aria-labelledby="${id}-caption">`,
    `<table id="${id}"><caption id="${id}-caption">${escapeHtml(caption)}</caption>`,
    `<thead><tr>${heads.join("")}</tr></thead>`,
    `<tbody>\n${rowsHtml}\n</tbody></table></div>`,
  ].join("\n");
}

function rowHtml(cells: readonly Cell[], columns: readonly Column[]): string {
  const html = cells.map((cell, index) => {
    const attributes = cellAttributes(cell, columns[index]?.isNumber === true);
    // The first cell says what the others are about.
    const tag = index === 0 ? "th" : "td";
    const scope = index === 0 ? ' scope="row"' : "";
    return `<${tag}${scope}${attributes}>${escapeHtml(cell.text)}</${tag}>`;
  });
  return `<tr>${html.join("")}</tr>`;
}

function cellAttributes({ value, series }: Cell, isNumber: boolean): string {
  return [
    isNumber ? ' class="number"' : "",
    value === undefined ? "" : ` data-value="${value}"`,
    series === undefined ? "" : ` data-series="${escapeHtml(series)}"`,
  ].join("");
}
