import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Problem, PROBLEMS, problemRow, type ProblemCode } from '#lib/platform';
import { REASONS, type ReasonCode } from '#lib/pki';
import { REASON_TEXTS } from '#lib/verification';
import { Open } from './api-key.guard.js';

const page = (code: string, rows: readonly [string, string][]): string =>
  `<!doctype html><html lang="en"><meta charset="utf-8"><title>${code}</title><h1><code>${code}</code></h1><dl>${rows
    .map(([term, text]) => `<dt>${term}</dt><dd>${text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</dd>`)
    .join('')}</dl></html>`;

/** What a code means and what to do about it: the page every `doc_url` leads to. */
@ApiExcludeController()
@Open()
@Controller('codes')
export class CodesController {
  @Get(':code')
  @Header('content-type', 'text/html; charset=utf-8')
  get(@Param('code') code: string): string {
    const problem = Object.hasOwn(PROBLEMS, code) ? problemRow(code as ProblemCode) : undefined;
    const reason = Object.hasOwn(REASONS, code) ? REASON_TEXTS[code as ReasonCode] : undefined;
    if (!problem && !reason) throw new Problem('not_found');
    return page(code, [
      ...(reason
        ? ([
            [`In a verdict (${REASONS[code as ReasonCode].outcome})`, reason.message],
            ['What to do', reason.remedy],
            ['For the person', `${reason.user.ja} / ${reason.user.en}`],
          ] as [string, string][])
        : []),
      ...(problem
        ? ([
            [`As a refusal (HTTP ${problem.status})`, [problem.title, problem.ja ?? []].flat().join(' / ')],
            ['What to do', problem.remedy],
          ] as [string, string][])
        : []),
    ]);
  }
}
