import { Controller, Get, Header, Inject } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Receipts, type KeySet } from '#lib/verification';
import { Open } from './api-key.guard.js';
import { keySet } from './schemas.js';

/** A new key is published a day before it signs (docs/operations/backup-and-keys.md), so an hour is never too long. */
const CACHE = 'public, max-age=3600';

/** The keys by which anybody checks receipts, of each mode by itself. */
@ApiTags('receipts')
@Open()
@Controller('jwks')
export class ReceiptKeysController {
  constructor(@Inject(Receipts) private readonly receipts: Receipts) {}

  @Get('live.json')
  @ApiOperation({ operationId: 'getLiveReceiptKeys', summary: 'Keys of the receipts of live mode', security: [] })
  @ApiResponse({ status: 200, standardSchema: keySet })
  @Header('cache-control', CACHE)
  live(): KeySet {
    return this.receipts.keySet('live');
  }

  @Get('test.json')
  @ApiOperation({ operationId: 'getTestReceiptKeys', summary: 'Keys of the receipts of test mode', security: [] })
  @ApiResponse({ status: 200, standardSchema: keySet })
  @Header('cache-control', CACHE)
  test(): KeySet {
    return this.receipts.keySet('test');
  }
}
