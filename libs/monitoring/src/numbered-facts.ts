import { factsToTell, type AskedCertificate, type CertificateStatus, type ToldFacts } from '#lib/persons';
import type { Disclosure } from '#lib/tenancy';

/** What is told of a person's certificates, but for their ids. */
export interface PairFacts {
  sign?: ToldFacts;
  auth?: ToldFacts;
}

/**
 * What is told of pairs of certificates, by numbers from 1. Of most persons of a sweep by lists it is the same, from one
 * finding that is one object; making it and its text anew for each would be a tenth of the work.
 */
export class NumberedFacts {
  readonly values: PairFacts[] = [];
  private readonly told: ToldFacts[] = [];
  private readonly ofFinding = new Map<unknown, Map<string, number>>();
  private readonly ofPair = new Map<number, number>();

  constructor(private readonly counterpartOnly: Disclosure) {}

  numberOf(
    sign: CertificateStatus<AskedCertificate> | undefined,
    auth: CertificateStatus<AskedCertificate> | undefined,
  ): number {
    const [one, other] = [this.factsOf(sign), this.factsOf(auth)];
    const pair = one * 2 ** 16 + other;
    let number = this.ofPair.get(pair);
    if (number === undefined) {
      const value: PairFacts = {};
      if (one > 0) value.sign = this.told[one - 1]!;
      if (other > 0) value.auth = this.told[other - 1]!;
      number = this.values.push(value);
      this.ofPair.set(pair, number);
    }
    return number;
  }

  /** 0: there is none. */
  private factsOf(status: CertificateStatus<AskedCertificate> | undefined): number {
    if (status === undefined) return 0;
    const { finding, certificate } = status;
    let numbers = this.ofFinding.get(finding);
    if (numbers === undefined) this.ofFinding.set(finding, (numbers = new Map<string, number>()));
    let number = numbers.get(certificate.provenance);
    if (number === undefined) {
      number = this.told.push(factsToTell(status, this.counterpartOnly));
      numbers.set(certificate.provenance, number);
    }
    return number;
  }
}
