import "reflect-metadata";
import type { Server } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import {
  Controller,
  Get,
  Module,
  type OnApplicationShutdown,
  PayloadTooLargeException,
  Post,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { attach } from "finwait/attach";

// NestJS on Express whose connections end well.
// `npx tsx --tsconfig examples/nest/tsconfig.json examples/nest/server.ts`

const REFUSAL = "The upload is too large. ".repeat(8_000);

@Controller()
class AppController implements OnApplicationShutdown {
  @Get("hello")
  hello(): object {
    return { hello: "world" };
  }

  @Get("slow")
  async slow(): Promise<object> {
    await pause(400);
    return { slow: true };
  }

  /** Nest's own parsers read JSON and forms before they come here; anything else is unread. */
  @Post("upload")
  refuse(): never {
    throw new PayloadTooLargeException(REFUSAL);
  }

  onApplicationShutdown(): void {
    console.log("Closed what the application had open");
  }
}

@Module({ controllers: [AppController] })
class AppModule {}

const app = await NestFactory.create(AppModule, { logger: ["error", "warn"] });
const finwait = attach(app.getHttpServer() as Server);
await app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
console.log(`Listening on ${finwait.url}`);

async function end(): Promise<void> {
  const { tookMs } = await finwait.shutdown();
  await app.close();
  console.log(`Ended after ${tookMs} ms`);
}
// Not `enableShutdownHooks`, which closes at once. Once: a second signal ends the process as if
// nobody listened.
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, end);
