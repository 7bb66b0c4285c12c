"""Read the founding case: the counts with their intervals, and the contradictions it contains."""

from lymphocast import check, find_case, read_case


def main() -> None:
    record = read_case(find_case("trojan-2009"))
    print(record.title)
    for count in record.measurements:
        place = ", ".join(where.locator for where in count.provenance)
        print(f"  {count.at.earliest} to {count.at.latest}: {count.value.value:g} ({place})")
    for issue in check(record).issues:
        if issue.rule == "duration-contradiction":
            print(f"  {issue.message}")


if __name__ == "__main__":
    main()
