"""What jobs a service has, and how one is sent."""

import threading
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any

import amqp
from celery import Celery, Task
from kombu.entity import Exchange, Queue
from kombu.exceptions import OperationalError

from chassis import telemetry
from chassis.errors import Refused, Unavailable
from chassis.telemetry import Metrics, SpanKind, semconv

_LOG = telemetry.logger(__name__)
_BROKER_AWAY = (OperationalError, OSError, amqp.AMQPError)
_HEARTBEAT = 20
# Waited for twice, on the connection in hand and on a new one, before a send is given up.
_CONFIRM_WITHIN = 3.0
_LONGEST_PAUSE = 60
# A job this long over its time hangs: nobody can end its thread, so the process stops looking alive.
_OVERDUE = 60.0
# Against a job that kills its worker each time; the default of RabbitMQ 4.
_DELIVERY_LIMIT = 20


@dataclass(frozen=True, slots=True)
class Job:
    """One kind of job. `run` gets what was sent, by name; it raises Refused where trying again is of no use.

    Nothing ends a job from outside: `run` asks `time_left()` and bounds what it waits for.
    """

    run: Callable[..., None]
    within: timedelta = timedelta(minutes=1)
    attempts: int = 8


_until: ContextVar[float] = ContextVar("job_until")


def time_left() -> timedelta:
    """How long the job that this thread runs may still take; zero where its time is over."""
    return timedelta(seconds=max(0.0, _until.get() - monotonic()))


def celery_app(name: str, broker_url: str, queue: str) -> Celery:
    """A Celery application set up as this house needs it. Connects to nothing."""
    app = Celery(name, broker=broker_url, set_as_current=False, fixups=[])
    exchange = Exchange(queue, type="topic")  # type: ignore[no-untyped-call]
    app.conf.update(
        # Native delayed delivery, which a pause between attempts goes by, needs a topic exchange.
        task_queues=[
            Queue(  # type: ignore[no-untyped-call]
                queue,
                exchange,
                routing_key=queue,
                queue_arguments={"x-queue-type": "quorum", "x-delivery-limit": _DELIVERY_LIMIT},
            )
        ],
        task_default_queue=queue,
        task_default_queue_type="quorum",
        task_default_exchange=queue,
        task_default_exchange_type="topic",
        task_default_routing_key=queue,
        task_create_missing_queues=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_detect_quorum_queues=True,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_transport_options={"confirm_publish": True},
        broker_heartbeat=_HEARTBEAT,
        broker_connection_timeout=2,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        timezone="UTC",
    )
    return app


class Jobs:
    """The jobs of one service: `{"send_reply": Job(send_reply)}` are sent and run as `<service>.send_reply`."""

    def __init__(self, service: str, broker_url: str, table: Mapping[str, Job], metrics: Metrics) -> None:
        self.service = service
        self.queue = f"{service}.jobs"
        self.app = celery_app(service, broker_url, self.queue)
        self._runs = metrics.counter(
            "jobs_total", "Runs of jobs, by what became of them.", ("job", "outcome")
        )
        self._seconds = metrics.histogram("job_seconds", "How long a run took.", ("job",))
        self._running: dict[int, tuple[str, float]] = {}
        for name, job in table.items():
            self._register(name, job)

    def send(self, name: str, /, *, after: timedelta = timedelta(0), **arguments: Any) -> None:
        """Have `name` run with these arguments (what JSON can hold), not before `after` (at most a minute).

        Once it returns the broker has it; Unavailable means that it may not. KeyError: the name is not in the table.
        """
        task: Task = self.app.tasks[f"{self.service}.{name}"]
        attributes = self._attributes(task.name, semconv.SEND)
        with telemetry.span(f"send {self.queue}", SpanKind.PRODUCER, attributes=attributes):
            headers: dict[str, object] = {}
            telemetry.inject(headers)
            self._publish(task, arguments, headers, after)

    def prepare(self) -> None:
        """Make the queue, so that what is sent before the first worker starts is kept. Raises Unavailable."""
        try:
            with self.app.connection_for_write() as connection:
                connection.ensure_connection(max_retries=1, timeout=_CONFIRM_WITHIN)
                for queue in self.app.amqp.queues.values():
                    queue(connection.default_channel).declare()
        except _BROKER_AWAY as failure:
            raise Unavailable("the broker") from failure

    def overdue(self) -> list[str]:
        """Names of jobs that run for much longer than they may."""
        now = monotonic()
        return [name for name, until in list(self._running.values()) if now > until + _OVERDUE]

    def _publish(
        self, task: Task, arguments: Mapping[str, Any], headers: Mapping[str, object], after: timedelta
    ) -> None:
        with self.app.producer_pool.acquire(block=True, timeout=_CONFIRM_WITHIN) as producer:
            try:
                task.apply_async(
                    kwargs=dict(arguments),
                    headers=dict(headers),
                    countdown=after.total_seconds() or None,
                    producer=producer,
                    retry=True,
                    retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0.2},
                    # Without it a message for a queue that is not there would be lost with a yes.
                    mandatory=True,
                    confirm_timeout=_CONFIRM_WITHIN,
                )
            except _BROKER_AWAY as failure:
                # A confirm that comes late would be taken for the next message's.
                producer.connection.collect(socket_timeout=0.2)
                raise Unavailable("the broker") from failure

    def _register(self, name: str, job: Job) -> None:
        full = f"{self.service}.{name}"

        def run(task: Task, /, **arguments: Any) -> None:
            road = telemetry.sampled(getattr(task.request, telemetry.tracing.TRACEPARENT, ""))
            until = monotonic() + job.within.total_seconds()
            _until.set(until)
            self._running[threading.get_ident()] = (full, until)
            outcome, began = "failed", monotonic()
            try:
                with telemetry.span(
                    f"process {self.queue}",
                    SpanKind.CONSUMER,
                    parent=road,
                    attributes=self._attributes(full, semconv.PROCESS),
                ):
                    job.run(**arguments)
                outcome = "done"
            except Refused as refusal:
                outcome = "refused"
                _LOG.warning("job_refused", job=full, job_id=task.request.id, why=str(refusal))
            finally:
                del self._running[threading.get_ident()]
                self._runs.labels(full, outcome).inc()
                self._seconds.labels(full).observe(monotonic() - began, exemplar=telemetry.exemplar())

        self.app.task(
            bind=True,
            shared=False,
            name=full,
            autoretry_for=(Exception,),
            max_retries=job.attempts - 1,
            retry_backoff=True,
            retry_backoff_max=_LONGEST_PAUSE,
            retry_jitter=False,
        )(run)

    def _attributes(self, operation: str, kind: str) -> Mapping[str, str]:
        return {
            semconv.MESSAGING_SYSTEM: semconv.RABBITMQ,
            semconv.MESSAGING_OPERATION_NAME: operation,
            semconv.MESSAGING_OPERATION_TYPE: kind,
            semconv.MESSAGING_DESTINATION_NAME: self.queue,
        }
