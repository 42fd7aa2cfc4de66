// The pages for servers that take a fetch handler.

import { large, medium, page, refusal, work } from "./pages.mjs";

export async function fetchPage(request) {
  const { pathname } = new URL(request.url);
  switch (pathname) {
    case "/":
      return new Response(page, { headers: { "content-type": "text/html" } });
    case "/medium":
      return new Response(medium);
    case "/large":
      return new Response(large);
    case "/empty":
      return new Response(null, { status: 204 });
    case "/refuse":
      return new Response(refusal, { status: 413 });
    case "/upload":
      for await (const _ of request.body ?? []);
      await work();
      return new Response("ok");
    default:
      return new Response("Not found", { status: 404 });
  }
}
