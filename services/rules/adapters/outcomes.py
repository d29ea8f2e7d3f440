"""What became of a rule, as the contract has it."""

from relaydesk.rules.v1 import service_pb2 as pb
from services.rules.domain.run import RuleTrace


def outcome_to_wire(trace: RuleTrace, result: str) -> pb.RuleOutcome:
    return pb.RuleOutcome(
        rule_id=trace.rule.rule.rule_id,
        name=trace.rule.rule.name,
        outcome=trace.outcome,
        reason=trace.reason,
        tests=[
            pb.TestOutcome(
                field=test.field,
                operator=test.operator,
                expected=test.expected,
                actual=test.actual,
                holds=test.holds,
            )
            for test in trace.tests
        ],
        actions=trace.actions,
        result=result,
    )
