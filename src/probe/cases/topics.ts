// What the topics of the catalogue are about, in a few words each. A topic is the part of an id
// before the slash.

export const TOPICS: Readonly<Record<string, string>> = {
  early: "an early answer to an upload; the client reads while it sends",
  blind: "an early answer to an upload; the client reads when all is sent",
  expect: "the client asks by Expect: 100-continue whether its content is wanted",
  pipeline: "requests right behind each other, without waiting for responses",
  bad: "requests that are malformed, too large or never finished",
  framing: "where responses end, and that nothing comes behind them",
  persistence: "connections that stay open, and how their last response says so",
  idle: "connections that nobody uses",
  "half-close": "the client sends FIN, and still waits for its response",
  release: "how long the server holds on to a connection that it has ended",
  large: "responses of several MB, to slow readers and to ones that vanish",
  tls: "close_notify and FIN",
};
