import time, numpy as np, torch, sys
torch.manual_seed(0)
import statistics
y=np.cumsum(np.random.default_rng(0).normal(size=2264)); y=(y-y.min())/(y.max()-y.min())
Y=torch.tensor(y,dtype=torch.float32)
X=Y.unfold(0,63,1)[:1950].unsqueeze(-1).contiguous(); T=Y[63:63+1950].unsqueeze(-1).contiguous()
class N(torch.nn.Module):
    def __init__(s):
        super().__init__(); s.l=torch.nn.LSTM(1,20,batch_first=True); s.d=torch.nn.Linear(20,1)
    def forward(s,x): return s.d(s.l(x)[0][:,-1])
for th in (1,2):
    torch.set_num_threads(th)
    n=N(); o=torch.optim.RMSprop(n.parameters(),lr=.001,alpha=.9,eps=1e-8)
    ts=[]
    for e in range(8):
        t=time.time(); p=torch.randperm(1950)
        for i in range(0,1950,20):
            b=p[i:i+20]; o.zero_grad(); l=((n(X[b])-T[b])**2).mean(); l.backward(); o.step()
        ts.append(time.time()-t)
    print(th, statistics.median(ts), statistics.median(ts)/98*1e3,"ms/step")
