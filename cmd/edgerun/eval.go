package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/spf13/cobra"

	"github.com/edgerun/edgerun/internal/dataset"
	"github.com/edgerun/edgerun/quant"
)

// scores is what eval finds out. Fractions are null where there is nothing to
// compare with.
type scores struct {
	Samples   int      `json:"samples"`
	Top1      *float64 `json:"top1"`
	Top5      *float64 `json:"top5"`
	Agreement *float64 `json:"agreement"`
	MeanIoU   *float64 `json:"miou,omitempty"`
}

func newEval(g *global) *cobra.Command {
	var (
		mf      modelFlags
		pf      preFlags
		against string
		samples int
		threads int
	)
	cmd := &cobra.Command{
		Use:   "eval MODEL DATA",
		Short: "accuracy of a network on labelled data",
		Long: `eval runs a network (.erm or .onnx) on DATA and counts how often the right
class comes first and among the first five. With --against it counts how often a
second network chooses the same class. Networks whose output is a class per pixel
are scored by mean intersection over union against pictures of classes.

DATA is a directory whose sub-directories are classes (numbered ones by their
number, others in alphabetical order), a CSV file with the header path,label where
label is a class number or a picture of classes, or an .npz archive with arrays x
and y.`,
		Example: `  edgerun eval mobilenet.erm val/
  edgerun eval mobilenet.erm val.csv --against mobilenet.onnx --json
  edgerun eval deeplab.erm masks.csv`,
		Args: exactly(2, "the model and the data"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if threads < 1 {
				return usageError{errors.New("--threads: want a positive number")}
			}
			n, err := mf.open(args[0])
			if err != nil {
				return err
			}
			var other *network
			if against != "" {
				if other, err = mf.open(against); err != nil {
					return err
				}
			}
			pre := n.pre
			if n.float != nil && other != nil && other.int8 != nil {
				pre = other.pre // the int8 file knows how its pictures were made
			}
			if pre, err = pf.apply(pre); err != nil {
				return err
			}
			set, err := dataset.Open(args[1], n.inputs, pre)
			if err != nil {
				return err
			}
			set.Limit(samples)
			s, err := evaluate(cmd.Context(), g, n, other, set, threads)
			if err != nil {
				return err
			}
			if g.json {
				return printJSON(s)
			}
			fmt.Printf("%d samples\n", s.Samples)
			if s.MeanIoU != nil {
				fmt.Printf("mean IoU   %s\n", percent(s.MeanIoU))
			} else {
				fmt.Printf("top-1      %s\ntop-5      %s\n", percent(s.Top1), percent(s.Top5))
			}
			if other != nil {
				fmt.Printf("agreement  %s\n", percent(s.Agreement))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&against, "against", "", "second network, to count how often both choose the same class")
	f.IntVar(&samples, "samples", 0, "use this many samples, spread over the data (default all)")
	f.IntVar(&threads, "threads", runtime.NumCPU(), "samples to run at the same time")
	mf.add(cmd)
	pf.add(cmd)
	return cmd
}

// tally adds up what workers find.
type tally struct {
	first, five, labelled int
	agree, items          int
	iou                   dataset.IoU
}

// evaluate runs all samples, several at a time.
func evaluate(ctx context.Context, g *global, n, other *network, set *dataset.Set, threads int) (*scores, error) {
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		next  int
		done  int
		sum   tally
		first error
		p     = g.newProgress()
		masks = set.Masked()
	)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := func(err error) {
		mu.Lock()
		if first == nil {
			first = err
		}
		mu.Unlock()
		cancel()
	}
	for range min(threads, set.Len()) {
		wg.Go(func() {
			a, err := n.newRunner(1)
			if err != nil {
				stop(err)
				return
			}
			defer a.close()
			var b *runner
			if other != nil {
				if b, err = other.newRunner(1); err != nil {
					stop(err)
					return
				}
				defer b.close()
			}
			for {
				mu.Lock()
				i := next
				next++
				mu.Unlock()
				if i >= set.Len() || ctx.Err() != nil {
					return
				}
				t, err := evalSample(ctx, n, a, b, set, i, masks)
				if err != nil {
					stop(err)
					return
				}
				mu.Lock()
				sum.first += t.first
				sum.five += t.five
				sum.labelled += t.labelled
				sum.agree += t.agree
				sum.items += t.items
				sum.iou.Add(&t.iou)
				done++
				p.update("eval", done, set.Len())
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	p.finish()
	if first != nil {
		return nil, first
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &scores{Samples: set.Len()}
	share := func(k, n int) *float64 {
		if n == 0 {
			return nil
		}
		v := float64(k) / float64(n)
		return &v
	}
	s.Top1, s.Top5 = share(sum.first, sum.labelled), share(sum.five, sum.labelled)
	s.Agreement = share(sum.agree, sum.items)
	if masks {
		m := sum.iou.Mean()
		s.MeanIoU = &m
		s.Top1, s.Top5 = nil, nil
	}
	return s, nil
}

func evalSample(ctx context.Context, n *network, a, b *runner, set *dataset.Set, i int, masks bool) (t tally, err error) {
	x, err := set.Sample(i)
	if err != nil {
		return t, err
	}
	res, err := a.run(ctx, x, false)
	if err != nil {
		return t, err
	}
	shape, v := n.outputs[0].Shape, res.values[0]
	if masks {
		classes, h, w, err := set.Mask(i)
		if err != nil {
			return t, err
		}
		if err := t.iou.Count(shape, v, classes, h, w); err != nil {
			return t, fmt.Errorf("%s: %w", set.Name(i), err)
		}
	} else if want, ok := set.Label(i); ok {
		if want >= len(v) {
			return t, fmt.Errorf("%s: class %d, but the network's first output has %d elements", set.Name(i), want, len(v))
		}
		t.labelled = 1
		for k, it := range top(v, 5, nil) {
			if it.Index == want {
				t.five = 1
				if k == 0 {
					t.first = 1
				}
			}
		}
	}
	if b != nil {
		other, err := b.run(ctx, x, false)
		if err != nil {
			return t, err
		}
		if len(other.values[0]) != len(v) {
			return t, fmt.Errorf("%s and %s have first outputs of %d and %d elements", n.path, b.n.path, len(v), len(other.values[0]))
		}
		axis := min(1, len(shape)-1)
		for _, r := range []*runner{b, a} { // float networks do not tell
			if r.s != nil {
				axis = quant.ClassAxis(r.s.Output(0))
			}
		}
		t.agree, t.items = quant.Agree(shape, axis, v, other.values[0])
	}
	return t, nil
}
