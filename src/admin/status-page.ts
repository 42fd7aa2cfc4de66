import { escapeHtml, tableHtml } from "./html.ts";
import type { Status } from "./status.ts";
import { pastTables, presentTables, settingsTable } from "./status-tables.ts";
import { bytesText, spanText, timeText } from "./status-words.ts";

// The status page: plain tables that need no script. The script fetches this page again and puts
// its cells in place of the old ones, so that there is one place that says how a value is shown.

/** A number at the top. */
interface Figure {
  readonly id: string;
  readonly label: string;
  readonly text: string;
  readonly series?: readonly [name: string, value: number];
  /** Draws the eye: something wants a look. */
  readonly isNotable?: boolean;
}

export function statusPage(status: Status): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>finwait status</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/uplot.css">
<link rel="stylesheet" href="/status.css">
<script src="/uplot.js" defer></script>
<script src="/status.js" defer></script>
</head>
<body>
${header(status)}
<main>
<section aria-labelledby="now"><h2 id="now">Now</h2>
<dl id="figures">
${figures(status).map(figureHtml).join("\n")}
</dl>
<div id="charts" hidden></div>
<div class="tables pair">
${presentTables(status).map(tableHtml).join("\n")}
</div></section>
<section aria-labelledby="ended"><h2 id="ended">Ended</h2>
<div class="tables pair">
${pastTables(status).map(tableHtml).join("\n")}
</div></section>
<section aria-labelledby="policy"><h2 id="policy">Policy in force</h2>
<div class="tables">
${tableHtml(settingsTable(status))}
</div></section>
</main>
<footer>
<p>Also as <a href="/?json">JSON</a>, <a href="/?auto">lines</a> and
<a href="/metrics">metrics</a>.</p>
</footer>
</body>
</html>
`;
}

function header({ url, phase, pressure, takenAtMs, observedSinceMs }: Status): string {
  const badge = `<span class="badge" data-phase="${phase}">${phase}</span>`;
  const notable =
    pressure === "none" ? "" : ` <span class="badge notable">pressure: ${pressure}</span>`;
  const observed = spanText(takenAtMs - observedSinceMs);
  const clock = `At <time>${timeText(takenAtMs)}</time>`;
  return `<header>
<h1>finwait <span>status</span></h1>
<p id="place">${badge} ${escapeHtml(url)}${notable}</p>
<p id="clock" data-at="${takenAtMs}">${clock}, observed for ${observed}</p>
<div id="controls" hidden>
<button type="button" id="pause" aria-pressed="false">Pause</button>
<span id="live" role="status"></span>
</div>
<p id="still">This is one moment, without charts: no script runs. <a href="/">Look again</a></p>
</header>`;
}

function figures({ connections, lingering, endings, requests }: Status): Figure[] {
  const finWait2 = connections.byTcpState?.["fin-wait-2"];
  const { no = 0, unknown = 0 } = endings.byAcknowledged;
  const evictedCount = lingering.evictedCount + lingering.evictedByAddressCount;
  // Where the source knows no owners, neither number is known.
  const isUnknown = connections.byTcpState === null || (finWait2?.unknown ?? 0) > 0;
  const figure = (id: string, label: string, value: number, isNotable = false): Figure => ({
    id,
    label,
    text: String(value),
    isNotable,
  });
  const ofKernel = (id: string, label: string, value: number, name: string): Figure =>
    isUnknown
      ? { id, label, text: "unknown" }
      : { id, label, text: String(value), series: [`fin-wait-2/${name}`, value] };
  return [
    figure("total", "Connections", connections.total),
    figure("lingering-now", "Lingering", lingering.lingeringNowCount),
    ofKernel("fin-wait-2-owned", "FIN-WAIT-2, owned", finWait2?.owned ?? 0, "owned"),
    ofKernel("fin-wait-2-orphaned", "FIN-WAIT-2, orphaned", finWait2?.orphaned ?? 0, "orphaned"),
    figure("ended-total", "Ended", endings.total),
    figure("unacknowledged", "Not acknowledged", no, no > 0),
    figure("acknowledgment-unknown", "Acknowledgment unknown", unknown),
    figure("evictions", "Budget evictions", evictedCount, evictedCount > 0),
    figure("lost", "Requests lost", requests.lostCount, requests.lostCount > 0),
    { id: "discarded", label: "Discarded", text: bytesText(endings.discardedBytes) },
  ];
}

function figureHtml({ id, label, text, series, isNotable }: Figure): string {
  const [name, value] = series ?? [];
  const drawn = name === undefined ? "" : ` data-series="${name}" data-value="${value}"`;
  const notable = isNotable === true ? ' class="notable"' : "";
  return `<div id="${id}"${notable}><dt>${label}</dt><dd${drawn}>${text}</dd></div>`;
}
