import { Controller, Get, Header, Param } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { OPERATOR_PROBLEMS, Problem, problemRow, type ProblemCode } from '#lib/platform';
import { SHARED_PROBLEMS, titleJa } from './problem-texts.js';
import { Open } from './session.guard.js';

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** What a code means and what to do about it: the page every `doc_url` leads to. */
@ApiExcludeController()
@Open()
@Controller('codes')
export class CodesController {
  @Get(':code')
  @Header('content-type', 'text/html; charset=utf-8')
  get(@Param('code') code: string): string {
    if (!Object.hasOwn(SHARED_PROBLEMS, code) && !Object.hasOwn(OPERATOR_PROBLEMS, code))
      throw new Problem('not_found');
    const { status, title, remedy } = problemRow(code as ProblemCode);
    return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${code}</title><h1><code>${code}</code> (${status})</h1><p>${escape(title)}<p lang="ja">${escape(titleJa(code as ProblemCode))}<p>${escape(remedy)}</html>`;
  }
}
