// The interface for programs; what the pages change goes through it.
export async function api(path, method = "GET", body = undefined) {
  const response = await fetch(document.body.dataset.api + path, {
    method,
    headers: body === undefined ? {} : { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  let answer = null;
  try { answer = text ? JSON.parse(text) : null; } catch { /* no JSON, no answer */ }
  if (!response.ok) {
    const error = new Error(answer?.detail || answer?.error || answer?.title || "");
    error.status = response.status;
    throw error;
  }
  return answer;
}
