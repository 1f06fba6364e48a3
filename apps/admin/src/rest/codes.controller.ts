import { randomBytes } from 'node:crypto';
import { Controller, Get, Header, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { OPERATOR_PROBLEMS, type OperatorProblemCode, Problem, problemRow } from '#lib/platform';
import { SHARED_PROBLEMS, titleJa } from './problem-texts.js';
import { REMEDIES_JA } from './remedies-ja.js';
import { Open } from './session.guard.js';

type Code = OperatorProblemCode | keyof typeof SHARED_PROBLEMS;
const isCode = (text: string): text is Code =>
  Object.hasOwn(SHARED_PROBLEMS, text) || Object.hasOwn(OPERATOR_PROBLEMS, text);

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Names of fields and values stand between backticks in the texts. */
const words = (text: string): string => escape(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');

/** The colours are those of the console. */
const STYLE = `:root{color-scheme:light dark}
body{margin:0;font:16px/1.8 -apple-system,"Segoe UI","Hiragino Sans","Yu Gothic UI","Noto Sans JP",Meiryo,IPAGothic,sans-serif;background:light-dark(#f5f7fa,#14161a);color:light-dark(#1d232b,#dfe4ea)}
header,main{max-width:720px;margin:0 auto;padding:16px 24px}
main{background:light-dark(#fff,#1b1e23);border:1px solid light-dark(#dfe4ea,#343a43);border-radius:6px}
h1{font-size:1.375rem;margin:8px 0 16px}h2{font-size:1rem;margin:24px 0 4px}p{margin:0 0 8px}
section[lang=en]{margin-top:24px;padding-top:8px;border-top:1px solid light-dark(#dfe4ea,#343a43)}
a{color:light-dark(#27539a,#9dbdec)}small{color:light-dark(#545c66,#a9b2bd)}`;

/** What a code means and what to do about it: the page every `doc_url` leads to. */
@ApiExcludeController()
@Open()
@Controller('codes')
export class CodesController {
  @Get(':code')
  @Header('content-type', 'text/html; charset=utf-8')
  get(@Param('code') code: string, @Res({ passthrough: true }) reply: FastifyReply): string {
    if (!isCode(code)) throw new Problem('not_found');
    const { status, title, remedy } = problemRow(code);
    const nonce = randomBytes(18).toString('base64');
    void reply.header(
      'content-security-policy',
      `default-src 'none'; style-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
    );
    return `<!doctype html><html lang="ja"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escape(titleJa(code))} · Shomei</title><style nonce="${nonce}">${STYLE}</style></head><body>
<header><a href="/">Shomei 運用コンソールへ戻る</a></header>
<main><h1>${words(titleJa(code))}</h1>
<h2>対処</h2><p>${words(REMEDIES_JA[code])}</p>
<section lang="en"><h2>${words(title)}</h2><p>${words(remedy)}</p></section>
<p><small>コード <code>${code}</code> (HTTP ${status})</small></p></main></body></html>`;
  }
}
