import { setTimeout as pause } from "node:timers/promises";

// For each request, and not once, when the application is built.
export const dynamic = "force-dynamic";

export async function GET() {
  await pause(400);
  return Response.json({ slow: true });
}
