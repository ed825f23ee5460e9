import { Broadcast } from 'nestjs-mercure';
import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** Every committed change of a book is an update on its topic, `{publicUrl}/books/{id}`, and on that of all, `/books`. */
@Broadcast({ collection: true })
@Entity()
export class Book {
  @PrimaryGeneratedColumn({ type: 'integer' })
  id!: number;

  @Column({ type: 'text' })
  title!: string;

  @Column({ type: 'text', default: '' })
  author!: string;
}
