package main

import (
	"context"
	"flag"
	"fmt"
	"os"

	"qunce/internal/bench"
)

// runBench prints the report on standard output and what it is doing on standard error.
func runBench(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	var o bench.Options
	fs.StringVar(&o.DatabaseURL, "database-url", "", "用这个 PostgreSQL；不给则自带一个临时的 measure on this PostgreSQL; a private one without it")
	fs.StringVar(&o.Dir, "dir", "", "临时数据放在哪个文件夹，决定测的是哪块盘 folder of the temporary data, which decides on the disk")
	fs.BoolVar(&o.Quick, "quick", false, "只看能否跑通，数字没有意义 only show that it runs; the figures mean nothing")
	fs.BoolVar(&o.Burst, "burst", false, "只测突发：一分钟 10,000 条回调，其中 1,500 条要发欢迎语 the burst alone: 10,000 callbacks in a minute, 1,500 with a welcome")
	fs.IntVar(&o.Archive, "archive", 0, "只测会话存档，造这么多条消息；验收用 10000000 measure the chat archive alone, with so many messages")
	asJSON := fs.Bool("json", false, "报告用 JSON print the report as JSON")
	if err := fs.Parse(args); err != nil {
		return usageError(err)
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("bench 不接受参数 %q bench takes no argument %q", fs.Arg(0), fs.Arg(0))
	}
	o.Progress = os.Stderr
	report, err := bench.Run(ctx, o)
	if err != nil {
		return err
	}
	if *asJSON {
		return report.JSON(os.Stdout)
	}
	return report.Print(os.Stdout)
}
