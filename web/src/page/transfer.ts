/** The way to the server and back: the sector by tus, jobs and results by fetch, progress by SSE. */
import { Upload, type HttpRequest } from "tus-js-client";
import { TroubleError } from "./app.ts";
import type { GraphDocument, JobDocument } from "./results.ts";
import type { SectorFile } from "./pool.ts";
import { words } from "./sentences.ts";
import type { Trouble } from "./state.ts";

/** Waits before an upload tries again, ms: about ten minutes in all, then the person is asked. */
const RETRY_MS = [300, 1000, 2000, 3000, ...Array<number>(115).fill(5000)];
/** How often a job is asked for where its events do not come, ms. */
const POLL_MS = 2000;

export interface Example {
  readonly name: string;
  readonly attribution: string;
  readonly files: readonly { readonly name: string; readonly bytes: number }[];
}

export interface UploadNews {
  sent(bytes: number, total: number): void;
  /** The connection is lost (true) or back (false). */
  waiting(is: boolean): void;
}

export class Transfer {
  private retryNow: (() => void) | null = null;

  constructor(private readonly base: string) {}

  /** Send the sector's voxels; resolves with the upload's id. What has arrived is never sent twice. */
  async upload(sector: SectorFile, news: UploadNews, signal: AbortSignal): Promise<string> {
    const { sha256 } = sector.fields;
    return new Promise((resolve, reject) => {
      const body = new Blob([sector.nrrd]);
      const upload = new Upload(body, {
        endpoint: `${this.base}/api/uploads`,
        metadata: { sha256 },
        // The default fingerprint holds the file's name and would keep it in localStorage.
        fingerprint: () => Promise.resolve(sha256),
        removeFingerprintOnSuccess: true,
        retryDelays: RETRY_MS,
        onShouldRetry: (error) => {
          const status = error.originalResponse?.getStatus() ?? 0;
          const again = status === 0 || status === 409 || status === 423 || status >= 500;
          if (again) news.waiting(true);
          return again;
        },
        onProgress: (sent, total) => {
          news.sent(sent, total);
        },
        onAfterResponse: (_: HttpRequest, response) => {
          if (response.getStatus() < 400) news.waiting(false);
        },
        onSuccess: () => {
          resolve(upload.url!.split("/").at(-1)!);
        },
        onError: (error) => {
          const body = "originalResponse" in error ? error.originalResponse?.getBody() : undefined;
          reject(new TroubleError(troubleIn(body) ?? words.trouble.silent));
        },
      });
      signal.addEventListener("abort", () => {
        // What the server holds of it is deleted too.
        void upload.abort(true).catch(() => undefined);
        reject(new DOMException("the upload was cancelled", "AbortError"));
      });
      this.retryNow = () =>
        void upload.abort().then(() => {
          upload.start();
        });
      void upload.findPreviousUploads().then((previous) => {
        if (previous[0]) upload.resumeFromPreviousUpload(previous[0]);
        upload.start();
      });
    });
  }

  /** Try a waiting upload again at once. */
  resume(): void {
    this.retryNow?.();
  }

  /** Make a job of an upload; the same sector gives the same job. */
  async startJob(upload: string, sector: SectorFile, signal: AbortSignal): Promise<JobDocument> {
    const body = JSON.stringify({ upload, fields: sector.fields });
    const headers = { "Content-Type": "application/json" };
    const response = await this.ask("/api/jobs", { method: "POST", body, headers, signal });
    return this.json<JobDocument>(response);
  }

  /** Follow a job until it has ended; events are resumed where they stopped, else the job is asked for. */
  async follow(
    job: JobDocument,
    onNews: (job: JobDocument) => void,
    onWaiting: (is: boolean) => void,
    signal: AbortSignal,
  ): Promise<JobDocument> {
    let last = job;
    const ended = new Promise<JobDocument>((resolve, reject) => {
      const source = new EventSource(`${this.base}/api/jobs/${job.id}/events`);
      const take = (news: JobDocument): void => {
        last = news;
        onNews(news);
        if (!["waiting", "running"].includes(news.state)) {
          stop();
          resolve(news);
        }
      };
      const poll = setInterval(() => {
        if (source.readyState === EventSource.OPEN) return;
        this.job(job.id, signal).then(take, (error: unknown) => {
          if (error instanceof TroubleError && error.trouble.code !== words.trouble.silent.code) {
            stop();
            reject(error);
          } else onWaiting(true);
        });
      }, POLL_MS);
      const stop = (): void => {
        clearInterval(poll);
        source.close();
      };
      source.addEventListener("open", () => {
        onWaiting(false);
      });
      source.addEventListener("state", (event: MessageEvent<string>) => {
        take(JSON.parse(event.data) as JobDocument);
      });
      signal.addEventListener("abort", () => {
        stop();
        reject(new DOMException("aborted", "AbortError"));
      });
    });
    await ended;
    return last;
  }

  async job(id: string, signal?: AbortSignal): Promise<JobDocument> {
    return this.json<JobDocument>(await this.ask(`/api/jobs/${id}`, { signal: signal ?? null }));
  }

  async cancelJob(id: string): Promise<JobDocument> {
    return this.json<JobDocument>(await this.ask(`/api/jobs/${id}/cancel`, { method: "POST" }));
  }

  async removeJob(id: string): Promise<void> {
    await this.ask(`/api/jobs/${id}`, { method: "DELETE" });
  }

  resultUrl(id: string, name: string): string {
    return `${this.base}/api/jobs/${id}/results/${encodeURIComponent(name)}`;
  }

  async graph(id: string, signal: AbortSignal): Promise<GraphDocument> {
    return this.json<GraphDocument>(await this.ask(`/api/jobs/${id}/results/graph.json`, { signal }));
  }

  /** What the example is, or null where the server has none. */
  async example(signal: AbortSignal): Promise<Example | null> {
    try {
      return await this.json<Example>(await this.ask("/api/example", { signal }));
    } catch (error) {
      if (error instanceof TroubleError) return null;
      throw error;
    }
  }

  /** Fetch one file of the example. */
  async exampleFile(name: string, signal: AbortSignal): Promise<File> {
    const response = await this.ask(`/api/example/${encodeURIComponent(name)}`, { signal });
    return new File([await response.blob()], name);
  }

  private async ask(path: string, init: RequestInit = {}): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${this.base}${path}`, init);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new TroubleError(words.trouble.silent);
    }
    if (response.ok) return response;
    throw new TroubleError(troubleIn(await response.text()) ?? words.trouble.unread);
  }

  private async json<T>(response: Response): Promise<T> {
    try {
      return (await response.json()) as T;
    } catch {
      throw new TroubleError(words.trouble.unread);
    }
  }
}

/** The problem document in an answer's body, or null. */
function troubleIn(body: string | undefined): Trouble | null {
  try {
    const document = JSON.parse(body ?? "") as Partial<Trouble> | null;
    if (!document?.title || !document.code) return null;
    return { code: document.code, title: document.title, detail: document.detail ?? "" };
  } catch {
    return null;
  }
}
