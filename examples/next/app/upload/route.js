const UPLOAD_LIMIT_BYTES = 1_000_000;
const REFUSAL = "The upload is too large. ".repeat(8_000);

/** @param {Request} request */
export async function POST(request) {
  if (Number(request.headers.get("content-length") ?? 0) > UPLOAD_LIMIT_BYTES) {
    return new Response(REFUSAL, { status: 413 });
  }
  const { byteLength } = await request.arrayBuffer();
  return Response.json({ receivedBytes: byteLength });
}
