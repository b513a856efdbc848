// The interface for programs; what the pages change goes through it.

/** Asks it. Fails with what it says is wrong, in the language of the page; with no words where it says nothing. */
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
    // Nobody is there. What the browser says of it is meant for who writes scripts, and mostly English.
    throw new Error("");
  }
  try { return [response, text ? JSON.parse(text) : null]; } catch { return [response, null]; }
}
