import { type Answer, ask } from '../api';

/** What a file is called that an answer brings. */
function nameOf(response: Response): string | undefined {
  return /filename="([^"]+)"/.exec(response.headers.get('content-disposition') ?? '')?.[1];
}

/**
 * Asks for a file (`parseAs: 'blob'`) and gives it to the operator to keep. A refusal is thrown as with every request; so is a
 * file that breaks off on its way. @throws Refused, Unreachable
 */
export async function download(send: () => Promise<Answer<unknown>>, name: string): Promise<Blob> {
  let called: string | undefined;
  const blob = (await ask(async () => {
    const answer = await send();
    called = nameOf(answer.response);
    return answer;
  })) as Blob;
  keep(blob, called ?? name);
  return blob;
}

/** Gives the operator a file to keep. */
export function keep(blob: Blob, name: string): void {
  const address = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it over by then; until then it holds the whole file.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
