import {
  Column,
  DeleteDateColumn,
  Entity,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  PrimaryColumn,
  PrimaryGeneratedColumn,
  type Relation,
  TableInheritance,
  ChildEntity,
} from 'typeorm';
import { Broadcast } from '../../src/broadcast/broadcast.decorator.js';

@Entity()
export class Tag {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  name!: string;
}

@Broadcast()
@Entity()
export class Book {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @Column({ type: 'varchar', nullable: true, unique: true })
  isbn!: string | null;

  @Column({ type: 'varchar', nullable: true })
  note!: string | null;

  @Column({ type: 'varchar', nullable: true, select: false })
  secret!: string | null;

  @DeleteDateColumn({ nullable: true })
  deletedAt!: Date | null;

  @OneToMany('Chapter', 'book', { cascade: true })
  chapters!: Relation<Chapter>[];

  @ManyToMany(() => Tag)
  @JoinTable()
  tags!: Tag[];
}

@Broadcast()
@Entity()
export class Chapter {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @ManyToOne(() => Book, 'chapters', { nullable: true, onDelete: 'CASCADE', orphanedRowAction: 'delete' })
  book!: Relation<Book>;
}

/** The key is the application's, as a UUID would be. */
@Broadcast({
  topic: ['/notes/{slug}', (note: Note) => `https://example.com/owners/${note.owner}`],
  private: true,
})
@Entity()
export class Note {
  @PrimaryColumn({ type: 'varchar' })
  slug!: string;

  @Column({ type: 'varchar' })
  owner!: string;
}

@Broadcast({ topic: '/line-list/{orderId}', on: ['create', 'delete'], type: 'line' })
@Broadcast()
@Entity()
export class OrderLine {
  @PrimaryColumn({ type: 'int' })
  orderId!: number;

  @PrimaryColumn({ type: 'int' })
  line!: number;

  @Column({ type: 'int' })
  amount!: number;
}

@Broadcast()
@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Content {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;
}

@ChildEntity()
export class Photo extends Content {
  @Column({ type: 'varchar', nullable: true })
  size!: string | null;
}

/** Not broadcast: it must cost and tell nothing. */
@Entity()
export class Visit {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  page!: string;
}

@Broadcast()
@Entity()
export class Ticket {
  @PrimaryColumn({ type: 'varchar' })
  id!: string;

  @Column({ type: 'int', nullable: true })
  seat!: number | null;
}

export const ENTITIES = [Tag, Book, Chapter, Note, OrderLine, Content, Photo, Visit, Ticket];
