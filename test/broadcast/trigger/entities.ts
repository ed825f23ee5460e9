import {
  ChildEntity,
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
} from 'typeorm';
import { Broadcast } from '../../../src/broadcast/broadcast.decorator.js';

@Entity()
export class Tag {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  name!: string;
}

@Broadcast({ by: 'trigger', relations: ['tags'] })
@Entity()
export class Book {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @Column({ type: 'varchar', nullable: true, unique: true })
  isbn!: string | null;

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

@Broadcast({ by: 'trigger' })
@Entity()
export class Chapter {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;

  @ManyToOne(() => Book, 'chapters', { nullable: true, onDelete: 'CASCADE', orphanedRowAction: 'delete' })
  book!: Relation<Book>;
}

/** Its topic is of what the row has, and so is whether it is private. */
@Broadcast<Note>({
  by: 'trigger',
  topic: ['/owners/{owner}/notes/{slug}'],
  private: ({ open }) => !open,
  payload: 'merge-patch',
})
@Entity({ name: 'Odd Notes' })
export class Note {
  @PrimaryColumn({ type: 'varchar' })
  slug!: string;

  @Column({ type: 'varchar' })
  owner!: string;

  @Column({ type: 'boolean', default: false })
  open!: boolean;

  @Column({ type: 'varchar', nullable: true, name: 'the text' })
  text!: string | null;

  @Column({ type: 'varchar', nullable: true })
  colour!: string | null;
}

@Broadcast({ by: 'trigger' })
@Entity()
export class OrderLine {
  @PrimaryColumn({ type: 'int' })
  orderId!: number;

  @PrimaryColumn({ type: 'int' })
  line!: number;

  @Column({ type: 'int' })
  amount!: number;
}

@Broadcast({ by: 'trigger', collection: true, bulk: 'collection' })
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

/** Every way in which a driver and JSON may disagree. */
@Broadcast<Oddity>({ by: 'trigger', delete: { when: (row) => seenAsDeleted.push(row) > 0 } })
@Entity()
export class Oddity {
  @PrimaryColumn({ type: 'bigint' })
  id!: string;

  @Column({ type: 'timestamptz' })
  at!: Date;

  @Column({ type: 'date' })
  day!: string;

  @Column({ type: 'numeric' })
  price!: string;

  @Column({ type: 'bytea' })
  bytes!: Buffer;

  @Column({ type: 'json' })
  json!: unknown;

  @Column({ type: 'jsonb' })
  jsonb!: unknown;

  @Column({ type: 'int', array: true })
  numbers!: number[];

  @Column({ type: 'simple-array' })
  words!: string[];

  @Column({ type: 'double precision' })
  ratio!: number;

  @Column({ type: 'interval' })
  span!: unknown;

  @Column({
    type: 'varchar',
    transformer: { to: (text: string) => `<${text}>`, from: (text: string) => text.slice(1, -1) },
  })
  wrapped!: string;
}

/** The rows as they were that `when` was given. */
export const seenAsDeleted: Oddity[] = [];

/** Told by events, beside the others. */
@Broadcast()
@Entity()
export class Visit {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;
}

export const TRIGGERED = [Book, Chapter, Note, OrderLine, Content, Oddity];
export const ENTITIES = [Tag, ...TRIGGERED, Photo, Visit];
