async function post(url: string, body: unknown): Promise<Record<string, string>> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, string>;
}

/** A 3 KB request for a verification, signed in the sandbox: the content is 512 bytes, the rest certificate and signature. */
export async function signedRequest(sandbox: string): Promise<string> {
  const content = Buffer.alloc(512, 'shomei ').toString('base64');
  const signed = await post(`${sandbox}/cards/adult-valid/sign`, {
    certificate: 'sign',
    pin: 'TEST1234',
    padding: 'pkcs1_v15',
    digest_algorithm: 'sha256',
    format: 'raw',
    content,
  });
  return JSON.stringify({
    format: 'raw',
    certificate: signed['certificate'],
    signature: signed['signature'],
    padding: 'pkcs1_v15',
    digest_algorithm: 'sha256',
    content,
    revocation: 'crl',
  });
}
