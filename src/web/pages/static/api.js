// Calls the interface for programs; all changes by the pages go through it.

/** Sends a request. Fails with the message of the answer in the language of the page, or without words if it has none. */
export async function api(path, method = "GET", body = undefined) {
  const [response, answer] = await ask(path, method, body);
  if (!response.ok) throw new Error(answer?.detail ?? "");
  return answer;
}

async function ask(path, method, body) {
  let response, text;
  try {
    response = await fetch(document.body.dataset.api + path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    text = await response.text();
  } catch {
    // The service does not answer. The browser's message is for programmers, and mostly English.
    throw new Error("");
  }
  try { return [response, text ? JSON.parse(text) : null]; } catch { return [response, null]; }
}
