/** @param {Request} request */
export async function POST(request) {
  const { byteLength } = await request.arrayBuffer();
  return Response.json({ receivedBytes: byteLength });
}
