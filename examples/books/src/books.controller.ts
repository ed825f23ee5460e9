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
} from '@nestjs/common';
import { MercureResource } from 'nestjs-mercure';
import { bookFrom, changesFrom } from './book-input.js';
import { Book } from './book.entity.js';
import { BooksService } from './books.service.js';

/** An id that is no number names no book. */
const BookId = () => Param('id', new ParseIntPipe({ errorHttpStatusCode: HttpStatus.NOT_FOUND }));

@Controller('books')
export class BooksController {
  constructor(private readonly books: BooksService) {}

  /** Whoever reads the books is told where to follow them, and from where on. */
  @Get()
  @MercureResource({ entity: Book, collection: true })
  all(): Promise<Book[]> {
    return this.books.all();
  }

  @Get(':id')
  @MercureResource()
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
