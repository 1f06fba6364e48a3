/** How often revocation data was asked for since start or the last reset; whatever was answered. */
export class RequestCounts {
  private counts = { crl_index: 0, crl_file: 0, ocsp: 0 };

  add(kind: 'crl_index' | 'crl_file' | 'ocsp'): void {
    this.counts[kind]++;
  }

  reset(): void {
    this.counts = { crl_index: 0, crl_file: 0, ocsp: 0 };
  }

  get all(): { crl_index: number; crl_file: number; ocsp: number } {
    return { ...this.counts };
  }
}
