import { BadRequestException } from '@nestjs/common';
import type { Book } from './book.entity.js';

export type BookInput = Omit<Book, 'id'>;

const MAX_LENGTH = 200;

/** The book a request's body describes; one without a title is none. */
export function bookFrom(body: unknown): BookInput {
  const { title, author = '' } = changesFrom(body);
  if (title === undefined) throw new BadRequestException('A book needs a title');
  return { title, author };
}

/** What a request's body says about a book; the rest of the book stays as it is. */
export function changesFrom(body: unknown): Partial<BookInput> {
  const { title, author } = (body ?? {}) as Record<string, unknown>;
  return {
    ...(title !== undefined && { title: text('title', title, 1) }),
    ...(author !== undefined && { author: text('author', author, 0) }),
  };
}

function text(name: string, value: unknown, minLength: number): string {
  // One line of plain text: SQLite would cut at a NUL, and store half a surrogate pair as something else.
  if (typeof value === 'string' && value.isWellFormed() && !/\p{Cc}/u.test(value)) {
    const trimmed = value.trim();
    if (trimmed.length >= minLength && trimmed.length <= MAX_LENGTH) return trimmed;
  }
  throw new BadRequestException(`The ${name} must be a line of ${minLength} to ${MAX_LENGTH} characters`);
}
