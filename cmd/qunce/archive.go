package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"qunce/internal/archive"
	"qunce/internal/config"
	"qunce/internal/errs"
	"qunce/internal/i18n"
	"qunce/internal/tenant"
)

const archiveUsage = `qunce archive check --url http://127.0.0.1:9700 --key-file KEY     检查一个存档适配程序 check an adapter
qunce archive set   --url http://127.0.0.1:9700 --key-file KEY     接上它 connect it
qunce archive set   --url ""                                       断开 disconnect
  KEY 是只有一行的文件，内容是与适配程序约定的密钥；- 表示标准输入
  KEY is a file of one line, the key agreed upon with the adapter; - is standard input`

// archiveCommand checks an adapter for the chat archive, or connects it.
func archiveCommand(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "check" && args[0] != "set" {
		fmt.Fprintln(os.Stderr, archiveUsage)
		return errUsage
	}
	fs := flag.NewFlagSet("archive", flag.ContinueOnError)
	url := fs.String("url", "", "适配程序的地址 the adapter's address")
	keyFile := fs.String("key-file", "", "密钥文件，- 为标准输入 file of the key; - is standard input")
	if args[0] == "check" {
		if err := fs.Parse(args[1:]); err != nil {
			return usageError(err)
		}
		key, err := readKey(*keyFile)
		if err != nil {
			return err
		}
		return checkAdapter(ctx, *url, key)
	}
	a, err := open(ctx, fs, &config.Flags{}, args[1:])
	if err != nil {
		return err
	}
	defer a.Close()
	list, err := a.Tenant.List(ctx)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errs.E(errs.Conflict, "app.no_corp", "no corp is registered")
	}
	key := ""
	if *url != "" {
		if key, err = readKey(*keyFile); err != nil {
			return err
		}
	}
	_, err = a.Tenant.Change(ctx, list[0].Schema, func(c *tenant.Corp) error {
		c.Settings.ArchiveURL, c.Secrets.ArchiveKey = *url, key
		return nil
	})
	if err != nil {
		return err
	}
	if *url == "" {
		fmt.Println("已断开：已读入的消息都在，不再读新的 disconnected; what was read stays")
	} else {
		fmt.Println("已接上 connected:", *url)
	}
	return nil
}

// readKey reads a file of one line.
func readKey(name string) (string, error) {
	if name == "" {
		return "", errs.E(errs.Invalid, "archive.no_key_file", "name a file with --key-file")
	}
	in := io.Reader(os.Stdin)
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", errs.E(errs.Invalid, "archive.no_key_file", "cannot read %s", name).Wrap(err)
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	raw, err := io.ReadAll(io.LimitReader(in, 4096))
	key := strings.TrimSpace(string(raw))
	if err != nil || key == "" || strings.ContainsAny(key, " \t\r\n") {
		return "", errs.E(errs.Invalid, "archive.no_key_file", "%s must hold one line", name).Wrap(err)
	}
	return key, nil
}

// adapterPatience bounds one answer while checking.
const adapterPatience = 2 * time.Minute

func checkAdapter(ctx context.Context, url, key string) error {
	marks := map[archive.Verdict]string{archive.Good: "✓", archive.Bad: "✗", archive.Hint: "!", archive.Left: "–"}
	ok, err := archive.CheckAdapter(ctx, url, key, &http.Client{Timeout: adapterPatience}, func(l archive.Line) {
		text := l.En
		if language() == i18n.Chinese {
			text = l.Zh
		}
		fmt.Println(marks[l.Verdict], text)
	})
	if err != nil {
		return err
	}
	if !ok {
		return errors.New("适配程序不符合约定，见 docs/archive-adapter.md the adapter breaks the protocol, see docs/archive-adapter.md")
	}
	return nil
}
