import { z } from 'zod';
import { exchange, exchangeWhole } from './exchange.js';
import { JlisUnavailable } from './jlis-unavailable.js';

/** `full`: one list per CA generation. `partitioned`: one per CA generation and distribution point. */
export const CRL_LAYOUTS = ['full', 'partitioned'] as const;
export type CrlLayout = (typeof CRL_LAYOUTS)[number];

/** One revocation list on offer. */
export interface ListedPartition {
  /** For people; not unique. */
  name: string;
  /** Relative to the index, or absolute on the same origin. */
  path: string;
  /** Subject key identifier of the CA, lower-case hex: the generations share one name. */
  issuerKeyId: string;
  /** DER Name of the distribution point; absent for a list of everything the key issued. */
  distributionPoint?: Uint8Array;
}

/** About 1,900 municipalities and wards times the living generations, four times over. */
const MAX_PARTITIONS = 20_000;
const MAX_INDEX_BYTES = 16 * 1024 * 1024;
const INDEX_TIMEOUT_MS = 60_000;
/** The largest list the reader takes is 2 GiB; slower than 1.2 MB/s is no delivery that ends before the next one. */
const DOWNLOAD_TIMEOUT_MS = 30 * 60_000;
const MAX_LIST_BYTES = 2 ** 31 - 1;

const INDEX = z.object({
  partitions: z
    .array(
      z.object({
        name: z.string().min(1).max(200),
        path: z.string().min(1).max(500),
        issuer_key_id: z.string().regex(/^([0-9a-f]{2}){1,64}$/),
        distribution_point: z.base64().max(4096).nullable(),
      }),
    )
    .max(MAX_PARTITIONS),
});

/**
 * Fetches revocation lists over the file-delivery contract in docs/operations/revocation.md: `GET <index>?layout=…`
 * answers JSON that names the partitions, each partition is one DER CRL. How J-LIS delivers its files is told only
 * under its non-disclosure agreement, so this contract is the port: an adapter in front of the real delivery has to
 * speak it. Nothing delivered is believed; see `checkCrl`.
 */
export class CrlDelivery {
  constructor(private readonly options: { idleTimeoutMs: number }) {}

  /** @throws JlisUnavailable */
  async list(indexUrl: string, layout: CrlLayout, signal?: AbortSignal): Promise<ListedPartition[]> {
    const url = new URL(indexUrl);
    url.searchParams.set('layout', layout);
    const body = await exchangeWhole(url, request('application/json'), {
      idleTimeoutMs: this.options.idleTimeoutMs,
      totalTimeoutMs: INDEX_TIMEOUT_MS,
      maxBytes: MAX_INDEX_BYTES,
      ...(signal === undefined ? {} : { signal }),
    });
    return parseIndex(body.toString('utf8'), indexUrl);
  }

  /** The octets of one list as they come. @throws JlisUnavailable, also while the chunks are read. */
  open(indexUrl: string, path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    return exchange(locate(indexUrl, path), request('application/pkix-crl'), {
      idleTimeoutMs: this.options.idleTimeoutMs,
      totalTimeoutMs: DOWNLOAD_TIMEOUT_MS,
      maxBytes: MAX_LIST_BYTES,
      ...(signal === undefined ? {} : { signal }),
    });
  }
}

/** Compressed answers are not asked for: a list's hash and size limits are those of what was sent. */
const request = (accept: string): RequestInit => ({ headers: { accept, 'accept-encoding': 'identity' } });

/** The URL of a list. An index may not send us to another host: that would make it a way into our network. */
function locate(indexUrl: string, path: string): URL {
  const base = new URL(indexUrl);
  if (!URL.canParse(path, base.href)) throw new JlisUnavailable('index_malformed', 'path');
  const url = new URL(path, base);
  if (url.origin !== base.origin) throw new JlisUnavailable('index_malformed', 'other_origin');
  return url;
}

/** Reads an index document. @throws JlisUnavailable with `index_malformed`. */
export function parseIndex(text: string, indexUrl: string): ListedPartition[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new JlisUnavailable('index_malformed', 'not_json', { cause });
  }
  const parsed = INDEX.safeParse(json);
  if (!parsed.success)
    throw new JlisUnavailable('index_malformed', parsed.error.issues[0]?.path.map(String).join('.') ?? 'shape');
  return parsed.data.partitions.map(({ name, path, issuer_key_id, distribution_point }) => {
    locate(indexUrl, path);
    return {
      name,
      path,
      issuerKeyId: issuer_key_id,
      ...(distribution_point === null ? {} : { distributionPoint: Buffer.from(distribution_point, 'base64') }),
    };
  });
}
