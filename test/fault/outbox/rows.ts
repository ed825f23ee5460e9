import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { Broadcast } from '../../../src/broadcast/broadcast.decorator.js';

/** What tests write and count. */
@Broadcast()
@Entity()
export class Step {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;
}

/** What others write meanwhile. */
@Broadcast()
@Entity()
export class Noise {
  @PrimaryGeneratedColumn({ type: 'int' })
  id!: number;

  @Column({ type: 'varchar' })
  title!: string;
}
