import {
  ChildEntity,
  Column,
  DeleteDateColumn,
  Entity,
  JoinColumn,
  JoinTable,
  ManyToMany,
  ManyToOne,
  OneToMany,
  OneToOne,
  PrimaryColumn,
  type Relation,
  TableInheritance,
} from 'typeorm';

@Entity()
export class Author {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar', default: '' })
  title!: string;

  @OneToMany('Book', 'author')
  books!: Relation<Book>[];
}

@Entity()
export class Tag {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar', default: '' })
  title!: string;

  @ManyToMany('Book', 'tags')
  books!: Relation<Book>[];
}

/** Its key is of two columns, and it has no property for the relation's other side. */
@Entity()
export class Shelf {
  @PrimaryColumn({ type: 'varchar' })
  room!: string;

  @PrimaryColumn({ type: 'int' })
  no!: number;
}

@Entity()
export class Book {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar', default: '' })
  title!: string;

  @Column({ type: 'varchar', default: '' })
  note!: string;

  @DeleteDateColumn({ nullable: true })
  deletedAt!: Date | null;

  /** The foreign key has no property of its own. */
  @ManyToOne(() => Author, 'books', { nullable: true, orphanedRowAction: 'delete', onDelete: 'CASCADE' })
  author!: Relation<Author> | null;

  @ManyToMany(() => Tag, 'books', { cascade: ['insert', 'update'] })
  @JoinTable({ name: 'book_tag' })
  tags!: Tag[];

  @ManyToMany(() => Shelf)
  @JoinTable({ name: 'book_shelf' })
  shelves!: Shelf[];

  @ManyToMany(() => Book, 'sequels')
  @JoinTable({ name: 'book_sequel', joinColumn: { name: 'of' }, inverseJoinColumn: { name: 'sequel' } })
  prequels!: Relation<Book>[];

  @ManyToMany(() => Book, 'prequels')
  sequels!: Relation<Book>[];

  @OneToMany('Chapter', 'book', { cascade: true })
  chapters!: Relation<Chapter>[];

  @OneToOne('Cover', 'book')
  cover!: Relation<Cover> | null;
}

@Entity()
export class Cover {
  @PrimaryColumn({ type: 'varchar' })
  id!: string;

  @OneToOne(() => Book, 'cover', { nullable: true })
  @JoinColumn()
  book!: Relation<Book> | null;
}

/** The foreign key is a column. */
@Entity()
export class Chapter {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar', default: '' })
  title!: string;

  @Column({ type: 'int', nullable: true })
  bookId!: number | null;

  @ManyToOne(() => Book, 'chapters', { nullable: true, onDelete: 'CASCADE' })
  @JoinColumn({ name: 'bookId' })
  book!: Relation<Book> | null;
}

@Entity()
@TableInheritance({ column: { type: 'varchar', name: 'kind' } })
export class Place {
  @PrimaryColumn({ type: 'int' })
  id!: number;

  @ManyToMany(() => Tag)
  @JoinTable({ name: 'place_tag' })
  tags!: Tag[];

  /** The tree it stands in has no property for the other side. */
  @ManyToOne(() => Place, { nullable: true })
  within!: Relation<Place> | null;
}

@ChildEntity()
export class Town extends Place {
  @Column({ type: 'varchar', default: '' })
  title!: string;
}

export const RELATED = { Author, Tag, Shelf, Book, Cover, Chapter, Place, Town };
