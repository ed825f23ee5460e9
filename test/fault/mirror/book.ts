import { Column, DeleteDateColumn, Entity, PrimaryGeneratedColumn, VersionColumn } from 'typeorm';
import { Broadcast } from '../../../src/broadcast/broadcast.decorator.js';

/** What is mirrored. */
@Broadcast({ collection: true, bulk: 'ids' })
@Entity()
export class Book {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  /** Begins with `doomed` where the transaction that wrote it was rolled back: nobody may ever see it. */
  @Column({ type: 'varchar' })
  title!: string;

  @Column({ type: 'varchar', unique: true })
  code!: string;

  @VersionColumn({ type: 'int' })
  version!: number;

  @DeleteDateColumn({ nullable: true })
  deletedAt!: Date | null;
}
