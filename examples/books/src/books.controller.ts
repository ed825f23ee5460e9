import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  HttpStatus,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  UseInterceptors,
} from '@nestjs/common';
import { bookFrom, changesFrom } from './book-input.js';
import type { Book } from './book.entity.js';
import { BooksService } from './books.service.js';
import { DiscoveryInterceptor } from './discovery.interceptor.js';

/** An id that is no number names no book. */
const BookId = () => Param('id', new ParseIntPipe({ errorHttpStatusCode: HttpStatus.NOT_FOUND }));

@Controller('books')
@UseInterceptors(DiscoveryInterceptor)
export class BooksController {
  constructor(private readonly books: BooksService) {}

  @Get()
  all(): Promise<Book[]> {
    return this.books.all();
  }

  @Get(':id')
  one(@BookId() id: number): Promise<Book> {
    return this.books.one(id);
  }

  @Post()
  add(@Body() body: unknown): Promise<Book> {
    return this.books.add(bookFrom(body));
  }

  @Post('batch')
  addAll(@Body() body: unknown): Promise<Book[]> {
    if (!Array.isArray(body)) throw new BadRequestException('A batch is an array of books');
    return this.books.addAll(body);
  }

  @Patch(':id')
  change(@BookId() id: number, @Body() body: unknown): Promise<Book> {
    return this.books.change(id, changesFrom(body));
  }

  @Delete(':id')
  @HttpCode(HttpStatus.NO_CONTENT)
  remove(@BookId() id: number): Promise<void> {
    return this.books.remove(id);
  }
}
