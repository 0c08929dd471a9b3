/**
 * Classes of characters that changed between Unicode 15.0.0 and 17.0.0, see `classes.ts`; written by
 * `fixtures/unicode_exceptions.mjs`.
 */
export const runs: string =
  "id/(16h/)7/ qs/)3j/)2r6/f)2/c)2q/2.1b/.7d/=(ty/)o5/3.1gs/)v9/4.dg/2.9/.na3/2=(2)2/)/)5/=(=k/)gk1/g)cd/2)1i/7)1kh/1g,ng/q)rq/a;6,m=3/5 .,m(8/2.8i/3,3)8/9)x/2) w3/a,/,2/,/12,/,9 / 2/ /4 /5 , ,2./2.8/2 kt/k;vw/8)2g/x,.e/a;c6/18)4/a)a8/ 45h/32z,5qd/u,i a;2di/19,3.a;86/p)2/p)7y/5)4qp/8)zj/,9/m)2p/37)c99/6o.a;3)3/c4.6/n)f/h)4in/u,2 ,a;4/.5c/v)/m)8/2)34o/)4e/4)8n/a.4/2.e/9)aj/4)1d/.)3/).1a/.7/./)4/)e/.2/.9/.)4/)63/11.a/)10zj/6)4ma/c)5s2/ha,aj6/3be)";
